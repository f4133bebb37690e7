"""Small browser components for what Streamlit lacks; plain JavaScript, no build step."""
