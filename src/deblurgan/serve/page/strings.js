// Every word of the page. A language is one more table; what it lacks is shown in English.
const STRINGS = {
  en: {
    tagline: "Sharp photos from motion-blurred ones.",
    choose: "Choose photos",
    drop: "Drop photos here, paste them, or choose files",
    formats: "JPEG, PNG, WebP, TIFF, AVIF and more, up to {megabytes} MB each",
    settings: "Settings",
    model: "Model",
    strength: "Strength",
    strengthHint: "Less if the result looks too crisp.",
    again: "Restore again with these settings",
    photos_one: "{count} photo",
    photos_other: "{count} photos",
    before: "Before",
    after: "After",
    beforeAlt: "{name} before",
    afterAlt: "{name} after",
    divider: "Line between before and after",
    dividerAt: "{percent}% of the width shows the photo before",
    zoom: "Zoom",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    zoomFit: "Fit",
    zoomActual: "1:1",
    viewerHint: "Drag the line or use the arrow keys. + and − zoom, 0 fits; Shift with arrows moves the picture.",
    download: "Download",
    downloadOf: "Download the restored {name}",
    downloadAll: "Download all as ZIP",
    clear: "Remove all",
    remove: "Remove {name}",
    cancel: "Cancel {name}",
    retryOf: "Try {name} again",
    waiting: "Waiting",
    uploading: "Uploading, {percent}%",
    queued: "In the queue, number {position}",
    restoring: "Restoring",
    done: "Restored",
    unchanged: "Left as it was",
    failed: "Failed",
    progressOf: "Progress of {name}",
    saidDone: "{name} is restored.",
    saidFailed: "{name} failed: {reason}",
    reason: "Part of the change was taken back: {reason}.",
    reasonUnchanged: "The photo was left as it was: {reason}.",
    notShown: "This browser cannot show the picture, but the result can be downloaded.",
    video: "Videos are for the command line: deblurgan run \"{name}\"",
    tooLarge: "It has {size} MB, more than the {limit} MB allowed here.",
    zipTooLarge: "Together the photos are too large for one ZIP file; download them one by one.",
    unreadable: "The file cannot be read any more, or is a folder; choose it again.",
    unreachable: "The server cannot be reached. Is it still running?",
    gone: "The server no longer has it; try again.",
    tokenMissing: "Without a token this server does nothing; reload the page to give one.",
    tokenTitle: "This server wants a token",
    token: "Token",
    tokenSend: "Continue",
    privacy: "Photos go to this server only and are deleted as soon as their results have arrived here.",
  },
};

const language = navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in STRINGS) ?? "en";
const plurals = new Intl.PluralRules(language);

/** The words of a key; `{name}` is replaced by `values.name`, and `values.count` chooses the plural form. */
export function text(key, values = {}) {
  const form = "count" in values ? `${key}_${plurals.select(values.count)}` : key;
  const words = STRINGS[language][form] ?? STRINGS.en[form] ?? STRINGS.en[`${key}_other`];
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Puts the words into every element of a tree that names a key: `data-text` inside it, `data-label` as its label. */
export function fillIn(root, values = {}) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text, values);
  for (const element of root.querySelectorAll("[data-label]")) element.ariaLabel = text(element.dataset.label, values);
}

document.documentElement.lang = language;
