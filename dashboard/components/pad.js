// A pad to draw on, and beside it the pixels that the network gets for the drawing.
// Strokes are kept as points in parts of the pad's width, so that they can be undone and drawn again
// at any size. While the pen is down a drawing is sent when the server has answered the one before, so
// that a slow one gets fewer drawings and never a queue of old ones; when it is lifted, at once.
const pads = new WeakMap();

const PAUSE = 90; // ms between two drawings while a stroke goes on
const PATIENCE = 2000; // ms after which an answer is no longer waited for

function paint(canvas, strokes, background) {
  const context = canvas.getContext("2d");
  context.fillStyle = background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = context.fillStyle = "#ffffff";
  context.lineCap = context.lineJoin = "round";
  const scale = canvas.width;
  for (const { width, points } of strokes) {
    context.lineWidth = width * scale;
    context.beginPath();
    if (points.length === 1) {
      // A line without length leaves nothing on a canvas, not even its round ends.
      context.arc(points[0][0] * scale, points[0][1] * scale, (width * scale) / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    context.moveTo(points[0][0] * scale, points[0][1] * scale);
    // Through the middles between the points, so that a quick hand draws curves and no corners.
    for (let i = 1; i < points.length - 1; i += 1) {
      const [[x, y], [nextX, nextY]] = [points[i], points[i + 1]];
      context.quadraticCurveTo(
        x * scale, y * scale, ((x + nextX) / 2) * scale, ((y + nextY) / 2) * scale,
      );
    }
    const last = points[points.length - 1];
    context.lineTo(last[0] * scale, last[1] * scale);
    context.stroke();
  }
}

function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

// The drawing as grey values, a byte each, row by row.
function raster(pad) {
  const [width, height] = pad.data.raster;
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d", { willReadFrequently: true });
  paint(canvas, pad.strokes, "#000000");
  const rgba = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i += 1) grey[i] = rgba[4 * i];
  return grey;
}

function submit(pad) {
  clearTimeout(pad.timer);
  if (!pad.changed) return;
  const since = performance.now() - pad.sentAt;
  // With the pen up nothing is waited for: what the server is busy with is out of date.
  const wait = pad.current ? (pad.waiting ? PATIENCE : PAUSE) - since : 0;
  if (wait > 0) {
    pad.timer = setTimeout(() => submit(pad), wait);
    return;
  }
  pad.changed = false;
  pad.waiting = true;
  pad.sentAt = performance.now();
  delete pad.root.dataset.milliseconds;
  pad.number += 1;
  pad.send("drawn", {
    number: pad.number,
    pixels: pad.strokes.length ? base64(raster(pad)) : "",
    strokes: pad.strokes,
  });
}

function changed(pad) {
  paint(pad.canvas, pad.strokes, "#000000");
  pad.undo.disabled = !pad.past.length;
  pad.clear.disabled = !pad.strokes.length;
  pad.root.classList.toggle("untouched", !pad.strokes.length);
  pad.changed = true;
  submit(pad);
}

function remember(pad) {
  pad.past = [...pad.past.slice(-49), pad.strokes];
}

function undo(pad) {
  if (!pad.past.length) return;
  pad.strokes = pad.past.pop();
  changed(pad);
}

function clear(pad) {
  if (!pad.strokes.length) return;
  remember(pad);
  pad.strokes = [];
  changed(pad);
}

function place(pad, event) {
  const box = pad.canvas.getBoundingClientRect();
  const share = (value) => Math.round(value * 1e4) / 1e4;
  return [share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.width)];
}

function wirePen(pad) {
  const { canvas } = pad;
  canvas.onpointerdown = (event) => {
    if (event.button !== 0 || pad.current) return;
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    event.preventDefault();
    remember(pad);
    pad.pointer = event.pointerId;
    pad.current = { width: Number(pad.thickness.value) / 100, points: [place(pad, event)] };
    pad.strokes = [...pad.strokes, pad.current];
    // The first drawing of a stroke is no more than a dot: it can wait for the next points.
    pad.sentAt = performance.now();
    changed(pad);
  };
  canvas.onpointermove = (event) => {
    if (!pad.current || event.pointerId !== pad.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const part of events.length ? events : [event]) pad.current.points.push(place(pad, part));
    changed(pad);
  };
  const lift = (event) => {
    if (!pad.current || event.pointerId !== pad.pointer) return;
    pad.current = null;
    changed(pad);
  };
  canvas.onpointerup = canvas.onpointercancel = lift;
  canvas.onkeydown = (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "z") undo(pad);
    else if (event.key === "Delete" || event.key === "Backspace") clear(pad);
    else return;
    event.preventDefault();
  };
}

// What the network gets, a square a pixel: (channels, height, width) bytes.
function show(pad) {
  const { seen, shape } = pad.data;
  const [channels, height, width] = shape;
  const canvas = pad.pixels;
  canvas.width = width;
  canvas.height = height;
  pad.bytes = seen ? Uint8Array.from(atob(seen), (letter) => letter.charCodeAt(0)) : null;
  const image = new ImageData(width, height);
  const area = width * height;
  for (let i = 0; i < area; i += 1) {
    for (let part = 0; part < 3; part += 1) {
      const channel = channels === 3 ? part : 0;
      image.data[4 * i + part] = pad.bytes ? pad.bytes[channel * area + i] : 0;
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  tell(pad);
}

function tell(pad) {
  const [channels, height, width] = pad.data.shape;
  if (!pad.pointed || !pad.bytes) {
    pad.value.textContent = "";
    return;
  }
  const row = Math.min(height - 1, Math.floor(pad.pointed[1] * height));
  const column = Math.min(width - 1, Math.floor(pad.pointed[0] * width));
  const values = [...Array(channels).keys()].map(
    (channel) => pad.bytes[(channel * height + row) * width + column],
  );
  pad.value.textContent = `row ${row}, column ${column}: ${values.join(", ")}`;
}

function wirePixels(pad) {
  pad.pixels.onpointermove = (event) => {
    const box = pad.pixels.getBoundingClientRect();
    pad.pointed = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    tell(pad);
  };
  pad.pixels.onpointerleave = () => {
    pad.pointed = null;
    tell(pad);
  };
}

// The pad's own pixels follow the screen's, so that strokes are smooth on any of them.
function fit(pad) {
  const box = pad.canvas.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  if (!box.width || pad.canvas.width === Math.round(box.width * scale)) return;
  pad.canvas.width = Math.round(box.width * scale);
  pad.canvas.height = Math.round(box.height * scale);
  paint(pad.canvas, pad.strokes, "#000000");
}

function make(component, root) {
  const { data, parentElement } = component;
  const find = (selector) => root.querySelector(selector);
  const pad = {
    root, data,
    canvas: find(".drawing"), pixels: find(".seen"), value: find(".value"),
    undo: find(".undo"), clear: find(".clear"), thickness: find(".thickness"),
    strokes: data.strokes ?? [], past: [], current: null, pointer: null,
    number: data.answered, waiting: false, changed: false, sentAt: 0, bytes: null, pointed: null,
  };
  pad.undo.onclick = () => undo(pad);
  pad.clear.onclick = () => clear(pad);
  wirePen(pad);
  wirePixels(pad);
  pad.observer = new ResizeObserver(() => fit(pad));
  pad.observer.observe(pad.canvas);
  pads.set(parentElement, pad);
  return pad;
}

function answered(pad, number) {
  if (pad.waiting && number === pad.number) {
    pad.waiting = false;
    // From the drawing that was sent to the answer on the page; tests read it, or wait for it.
    pad.root.dataset.milliseconds = String(Math.round(performance.now() - pad.sentAt));
    submit(pad);
  } else if (!pad.waiting && number < pad.number) {
    pad.number = number; // the server has been started anew and knows nothing of this drawing
    changed(pad);
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".pad");
  if (!root || !data) return undefined;
  const known = pads.get(parentElement);
  const pad = known ?? make(component, root);
  const before = pad.shown;
  pad.send = setTriggerValue;
  pad.data = data;
  const [, height, width] = data.shape;
  root.style.setProperty("--ratio", `${width} / ${height}`);
  root.classList.toggle("untouched", !pad.strokes.length);
  root.classList.toggle("aside", data.aside);
  root.querySelector(".hint").textContent = data.hint;
  root.querySelector(".caption").textContent = data.caption;
  pad.undo.disabled = !pad.past.length;
  pad.clear.disabled = !pad.strokes.length;
  const picture = `${data.shape}:${data.seen}`;
  if (picture !== before) show(pad);
  pad.shown = picture;
  fit(pad);
  answered(pad, data.answered);
  // A pad that is drawn anew, with strokes that have been answered, waits for nothing either.
  if (!pad.waiting && !pad.changed) root.dataset.milliseconds ??= "0";
  return () => {
    clearTimeout(pad.timer);
    pad.observer.disconnect();
    pads.delete(parentElement);
  };
}
