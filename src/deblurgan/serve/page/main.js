// The page: photos come in, are restored two at a time, are looked at and saved.
import { archive } from "./archive.js";
import { show } from "./comparison.js";
import { offer, onTokenNeeded, preview, restore } from "./server.js";
import { fillIn, text } from "./strings.js";

const AT_ONCE = 2; // the server works on as many; more would only wait there
const THUMBNAIL = 96;
const VIDEOS = /\.(mp4|m4v|mov|mkv|webm|avi)$/i; // browsers do not know the type of each

const byId = (id) => document.getElementById(id);
const photos = new Map();
let limit = Infinity;
let running = 0, shown = null;

/** What the controls say now. */
const settings = () => ({ model: byId("model").value, strength: byId("strength").value / 100 });

function add(files) {
  for (const file of files) {
    const item = byId("item").content.firstElementChild.cloneNode(true);
    const photo = { file, item, state: "waiting", settings: settings(), abort: new AbortController() };
    const name = file.name;
    item.querySelector(".name").textContent = name;
    item.querySelector("progress").ariaLabel = text("progressOf", { name });
    item.querySelector(".save").ariaLabel = text("downloadOf", { name });
    item.querySelector(".retry").ariaLabel = text("retryOf", { name });
    item.querySelector(".pick").addEventListener("click", () => select(photo));
    item.querySelector(".retry").addEventListener("click", () => restart(photo));
    item.querySelector(".remove").addEventListener("click", () => remove(photo));
    photos.set(item, photo);
    byId("list").append(item);
    drawThumbnail(photo, file);
    report(photo, "waiting");
  }
  startMore();
}

function startMore() {
  for (const photo of photos.values()) {
    if (running >= AT_ONCE) break;
    if (photo.state === "waiting" && !photo.isRunning) run(photo);
  }
  refresh();
}

async function run(photo) {
  const { signal } = photo.abort;
  running++;
  photo.isRunning = true;
  try {
    const { name, size, type } = photo.file;
    if (type.startsWith("video/") || VIDEOS.test(name)) throw new Error(text("video", { name }));
    if (size > limit) throw new Error(text("tooLarge", { size: megabytes(size), limit: megabytes(limit) }));
    photo.before ??= URL.createObjectURL(await showable(photo.file));
    const result = await restore(photo.file, photo.settings, (state, values) => report(photo, state, values), signal);
    const visible = await showable(result.blob);
    release(photo, "after", "save");
    Object.assign(photo, { result, after: URL.createObjectURL(visible), save: URL.createObjectURL(result.blob) });
    report(photo, result.status);
    say(text("saidDone", { name: photo.file.name }));
    if (!shown || shown === photo || shown.state === "failed") select(photo);
  } catch (error) {
    if (!signal.aborted) {
      report(photo, "failed", { reason: error.message });
      say(text("saidFailed", { name: photo.file.name, reason: error.message }));
    }
  } finally {
    running--;
    photo.isRunning = false;
    startMore();
  }
}

/** The picture itself if the browser can show it or nobody can, else a JPEG of it made by the server. */
async function showable(blob) {
  const bitmap = await createImageBitmap(blob).catch(() => null);
  bitmap?.close();
  return bitmap ? blob : preview(blob).catch(() => blob);
}

async function drawThumbnail(photo, blob) {
  const canvas = photo.item.querySelector("canvas");
  const bitmap = await createImageBitmap(blob).catch(() => null);
  if (!bitmap) return;
  const side = Math.min(bitmap.width, bitmap.height);
  canvas.width = canvas.height = THUMBNAIL;
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, THUMBNAIL, THUMBNAIL);
  bitmap.close();
}

/** Puts a photo's state into its line of the list. */
function report(photo, state, values = {}) {
  const { item } = photo;
  const isOver = ["done", "unchanged", "failed"].includes(state);
  const progress = item.querySelector("progress");
  photo.state = state;
  item.dataset.state = state;
  item.querySelector(".state").textContent = text(state, { ...values, percent: Math.round(100 * values.progress) });
  item.querySelector(".failure").textContent = values.reason && state === "failed" ? values.reason : "";
  progress.hidden = isOver;
  if (values.progress > 0) progress.value = values.progress;
  else progress.removeAttribute("value");
  const save = item.querySelector(".save");
  save.hidden = !photo.save || !isOver || state === "failed";
  if (photo.save) Object.assign(save, { href: photo.save, download: photo.result.name });
  item.querySelector(".retry").hidden = state !== "failed";
  item.querySelector(".remove").ariaLabel = text(isOver ? "remove" : "cancel", { name: photo.file.name });
  refresh();
}

async function select(photo) {
  if (!photo.after) return;
  shown = photo;
  byId("viewer").hidden = false;
  byId("viewer-title").textContent = photo.file.name;
  Object.assign(byId("download"), { href: photo.save, download: photo.result.name });
  const { status, reason, remarks } = photo.result;
  const notes = remarks.map((remark) => `${remark}.`);
  if (reason) notes.unshift(text(status === "unchanged" ? "reasonUnchanged" : "reason", { reason }));
  await show(photo.file.name, photo.before, photo.after).catch(() => notes.push(text("notShown")));
  byId("viewer-note").textContent = notes.join(" ");
  byId("viewer-note").hidden = !notes.length;
  refresh();
}

function restart(photo) {
  photo.settings = settings();
  report(photo, "waiting");
  startMore();
}

function remove(photo) {
  photo.abort.abort(new DOMException("removed", "AbortError"));
  release(photo, "before", "after", "save");
  photos.delete(photo.item);
  photo.item.remove();
  if (shown === photo) {
    shown = null;
    byId("viewer").hidden = true;
    const next = [...photos.values()].find((other) => other.after);
    if (next) select(next);
  }
  (byId("list").querySelector(".pick") ?? byId("files")).focus();
  startMore();
}

function release(photo, ...names) {
  for (const name of names) {
    if (photo[name]) URL.revokeObjectURL(photo[name]);
    delete photo[name];
  }
}

/** Everything that follows from the photos as a whole. */
function refresh() {
  const all = [...photos.values()];
  const differs = (photo) => JSON.stringify(photo.settings) !== JSON.stringify(settings());
  byId("photos").hidden = !all.length;
  document.body.classList.toggle("started", all.length > 0);
  byId("photos-title").textContent = text("photos", { count: all.length });
  byId("download-all").disabled = !all.some((photo) => photo.save);
  byId("again").hidden = !all.some((photo) => photo.after && !photo.isRunning && differs(photo));
  for (const photo of all) photo.item.querySelector(".pick").ariaPressed = String(photo === shown);
}

function say(words) {
  byId("status").textContent = words;
}

const megabytes = (bytes) => Math.round(bytes / 1e5) / 10;

byId("files").addEventListener("change", ({ target }) => {
  add(target.files);
  target.value = "";
});

addEventListener("paste", ({ clipboardData }) => add(clipboardData.files));

let depth = 0;
for (const [name, change] of [["dragenter", 1], ["dragleave", -1]]) {
  addEventListener(name, () => byId("drop").classList.toggle("over", (depth += change) > 0));
}
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  byId("drop").classList.remove("over");
  add(event.dataTransfer.files);
});

byId("strength").addEventListener("input", () => {
  byId("strength-value").value = `${byId("strength").value}%`;
  refresh();
});
byId("model").addEventListener("change", refresh);

byId("again").addEventListener("click", () => {
  for (const photo of photos.values()) if (!photo.isRunning && photo.state !== "waiting") restart(photo);
});

byId("clear").addEventListener("click", () => {
  for (const photo of [...photos.values()]) remove(photo);
});

byId("download-all").addEventListener("click", async () => {
  const results = [...photos.values()].filter((photo) => photo.save).map((photo) => photo.result);
  const zip = await archive(results);
  if (!zip) {
    say(text("zipTooLarge"));
    byId("viewer-note").textContent = text("zipTooLarge");
    byId("viewer-note").hidden = false;
    return;
  }
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(zip), download: "deblurgan.zip" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});

onTokenNeeded(
  () =>
    new Promise((resolve) => {
      const dialog = byId("token-dialog");
      const given = () => (dialog.returnValue === "send" ? byId("token").value.trim() : "");
      dialog.addEventListener("close", () => resolve(given()), { once: true });
      dialog.returnValue = "";
      dialog.showModal();
    }),
);

fillIn(document, { megabytes: "…" });
byId("strength-value").value = `${byId("strength").value}%`;
offer().then(
  (offered) => {
    limit = offered.picture_bytes;
    byId("formats").textContent = text("formats", { megabytes: Math.floor(limit / 1e6) });
    const name = ({ name }) => new Option(name, name);
    byId("model").replaceChildren(...offered.models.map(name));
    refresh();
  },
  (error) => {
    byId("formats").textContent = error.message;
    say(error.message);
  },
);
