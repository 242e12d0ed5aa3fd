// Two pictures on top of each other: a line between them, zoom and pan, by mouse, touch and keyboard.
import { text } from "./strings.js";

const STEP = 2, LEAP = 10, ZOOM_STEP = 1.25, PAN_STEP = 60;
const PIXELS_AT_MOST = 8; // screen pixels a pixel of the picture is enlarged to

const root = document.getElementById("comparison");
const before = document.getElementById("before");
const after = document.getElementById("after");
const divider = document.getElementById("divider");
const level = document.getElementById("zoom-level");

const state = { split: 50, zoom: 1, x: 0, y: 0, ratio: 1 };
const pointers = new Map();

/** Shows two addresses of pictures of one shape, named for those who cannot see them. */
export async function show(name, beforeUrl, afterUrl) {
  before.src = beforeUrl;
  after.src = afterUrl;
  before.alt = text("beforeAlt", { name });
  after.alt = text("afterAlt", { name });
  await Promise.all([before.decode(), after.decode()]);
  state.ratio = after.naturalWidth / after.naturalHeight;
  root.style.setProperty("--ratio", state.ratio);
  zoomTo(1);
  splitAt(50);
}

function splitAt(percent) {
  state.split = clamp(percent, 0, 100);
  root.style.setProperty("--split", `${state.split}%`);
  divider.ariaValueNow = String(Math.round(state.split));
  divider.ariaValueText = text("dividerAt", { percent: Math.round(state.split) });
}

/** Zooms so that the point of the picture at (x, y) of the frame stays where it is. */
function zoomTo(zoom, x = root.clientWidth / 2, y = root.clientHeight / 2) {
  const most = Math.max(1, (PIXELS_AT_MOST * after.naturalWidth) / Math.max(1, root.clientWidth));
  const next = clamp(zoom, 1, most);
  const factor = next / state.zoom;
  state.zoom = next;
  panTo(x - (x - state.x) * factor, y - (y - state.y) * factor);
}

function panTo(x, y) {
  state.x = clamp(x, root.clientWidth * (1 - state.zoom), 0);
  state.y = clamp(y, root.clientHeight * (1 - state.zoom), 0);
  root.style.setProperty("--x", `${state.x}px`);
  root.style.setProperty("--y", `${state.y}px`);
  root.style.setProperty("--zoom", state.zoom);
  root.classList.toggle("zoomed", state.zoom > 1);
  level.value = `${Math.round((100 * state.zoom * root.clientWidth) / (after.naturalWidth || 1))}%`;
}

const actual = () => zoomTo(after.naturalWidth / root.clientWidth);

const KEYS = {
  ArrowLeft: () => splitAt(state.split - STEP),
  ArrowDown: () => splitAt(state.split - STEP),
  ArrowRight: () => splitAt(state.split + STEP),
  ArrowUp: () => splitAt(state.split + STEP),
  PageDown: () => splitAt(state.split - LEAP),
  PageUp: () => splitAt(state.split + LEAP),
  Home: () => splitAt(0),
  End: () => splitAt(100),
  "+": () => zoomTo(state.zoom * ZOOM_STEP),
  "=": () => zoomTo(state.zoom * ZOOM_STEP),
  "-": () => zoomTo(state.zoom / ZOOM_STEP),
  0: () => zoomTo(1),
};

const SHIFTED = {
  ArrowLeft: () => panTo(state.x + PAN_STEP, state.y),
  ArrowRight: () => panTo(state.x - PAN_STEP, state.y),
  ArrowUp: () => panTo(state.x, state.y + PAN_STEP),
  ArrowDown: () => panTo(state.x, state.y - PAN_STEP),
};

divider.addEventListener("keydown", (event) => {
  const action = (event.shiftKey && SHIFTED[event.key]) || KEYS[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});

document.getElementById("zoom-in").addEventListener("click", KEYS["+"]);
document.getElementById("zoom-out").addEventListener("click", KEYS["-"]);
document.getElementById("zoom-fit").addEventListener("click", KEYS[0]);
document.getElementById("zoom-actual").addEventListener("click", actual);

root.addEventListener("wheel", (event) => {
  // Without a modifier the wheel scrolls the page, unless the picture is zoomed already.
  if (!event.ctrlKey && state.zoom === 1) return;
  event.preventDefault();
  zoomTo(state.zoom * Math.exp(-event.deltaY / 400), ...inFrame(event));
}, { passive: false });

root.addEventListener("dblclick", (event) => {
  const [x, y] = inFrame(event);
  zoomTo(state.zoom > 1 ? 1 : Math.max(2, after.naturalWidth / root.clientWidth), x, y);
});

root.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  root.setPointerCapture(event.pointerId);
  const moves = state.zoom === 1 || event.target.closest("#divider") ? "line" : "picture";
  pointers.set(event.pointerId, { at: inFrame(event), moves });
});

root.addEventListener("pointermove", (event) => {
  const pointer = pointers.get(event.pointerId);
  if (!pointer) return;
  const [x, y] = inFrame(event), [oldX, oldY] = pointer.at;
  if (pointers.size === 2) pinch(event.pointerId, [x, y]);
  else if (pointer.moves === "line") splitAt((100 * x) / root.clientWidth);
  else panTo(state.x + x - oldX, state.y + y - oldY);
  pointer.at = [x, y];
});

for (const name of ["pointerup", "pointercancel"]) {
  root.addEventListener(name, (event) => {
    const pointer = pointers.get(event.pointerId);
    if (name === "pointerup" && pointer?.moves === "line" && pointers.size === 1) {
      splitAt((100 * inFrame(event)[0]) / root.clientWidth);
      divider.focus({ preventScroll: true });
    }
    pointers.delete(event.pointerId);
  });
}

new ResizeObserver(() => panTo(state.x, state.y)).observe(root);

function pinch(id, [x, y]) {
  const other = [...pointers].find(([key]) => key !== id)[1].at;
  const old = pointers.get(id).at;
  const distance = ([a, b]) => Math.hypot(a - other[0], b - other[1]);
  zoomTo((state.zoom * distance([x, y])) / Math.max(1, distance(old)), (x + other[0]) / 2, (y + other[1]) / 2);
  panTo(state.x + (x - old[0]) / 2, state.y + (y - old[1]) / 2);
}

function inFrame(event) {
  const frame = root.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
