// Shows a drawing that the server made: its text takes the colour of the theme that is showing.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".drawing");
  if (root && root.dataset.shown !== data) {
    root.innerHTML = data;
    root.dataset.shown = data;
  }
}
