// The HTTP API as functions: what goes wrong is a Refusal with a sentence for the user.
import { text } from "./strings.js";

const RETRIES = new Set([429, 503]);
const FUTILE = "took-too-long"; // the same would take as long again
const POLL_FIRST = 150, POLL_MOST = 1000;

export class Refusal extends Error {}

let token = sessionStorage.getItem("token") ?? "";
let askForToken = async () => "";

/** Says how to get a token from the user, once the server wants one. */
export function onTokenNeeded(ask) {
  let asking = null;
  askForToken = () => (asking ??= ask().finally(() => (asking = null)));
}

/** What the server offers: models and limits. */
export async function offer() {
  return (await send("GET", "/v1/models")).json();
}

/** A JPEG of a picture that the browser itself cannot show. */
export async function preview(file) {
  const form = new FormData();
  form.append("strength", "0");
  form.append("format", "jpg");
  form.append("quality", "90");
  form.append("file", file, file.name ?? "picture");
  return (await send("POST", "/v1/restore", { body: form })).blob();
}

/**
 * Restores one photo as a job.
 *
 * `report(state, values)` hears of "waiting", "uploading" {progress}, "queued" {position} and "restoring" {progress}.
 * Gives {blob, name, status, reason, remarks}. An aborted `signal` cancels the job.
 */
export async function restore(file, settings, report, signal) {
  // Else a file that has changed, or a folder, would look like a server that cannot be reached.
  await file.slice(0, 1).arrayBuffer().catch(() => {
    throw new Refusal(text("unreadable"));
  });
  const form = new FormData();
  form.append("model", settings.model);
  form.append("strength", String(settings.strength));
  form.append("file", file, file.name);
  let job = await upload(form, report, signal);
  const address = `/v1/jobs/${job.id}`;
  const forget = () => send("DELETE", address, { keepalive: true }).catch(() => {});
  addEventListener("pagehide", forget);
  try {
    for (let pause = POLL_FIRST; !job.result && !job.problem; pause = Math.min(pause * 1.4, POLL_MOST)) {
      report(job.status === "queued" ? "queued" : "restoring", job);
      await sleep(pause, signal);
      job = await (await send("GET", address, { signal })).json();
    }
    if (job.problem) throw new Refusal(job.problem.detail);
    const blob = await (await send("GET", job.result, { signal })).blob();
    return { blob, name: job.result_name, status: job.status, reason: job.reason, remarks: job.remarks };
  } finally {
    removeEventListener("pagehide", forget);
    forget();
  }
}

/** Sends a form; by XMLHttpRequest, since fetch says nothing of an upload's progress. */
async function upload(form, report, signal) {
  for (;;) {
    const request = await new Promise((resolve, reject) => {
      const sent = new XMLHttpRequest();
      sent.open("POST", "/v1/jobs");
      if (token) sent.setRequestHeader("Authorization", authorization());
      sent.upload.onprogress = ({ loaded, total }) => report("uploading", { progress: loaded / total });
      sent.onload = () => resolve(sent);
      sent.onerror = () => reject(new Refusal(text("unreachable")));
      sent.onabort = () => reject(signal.reason);
      signal.addEventListener("abort", () => sent.abort(), { once: true });
      if (signal.aborted) reject(signal.reason);
      else sent.send(form);
    });
    if (request.status === 202) return JSON.parse(request.responseText);
    if (request.status === 401) token = await newToken();
    else if (passes(request.status, request.responseText)) {
      report("waiting", {});
      await sleep(1000 * (Number(request.getResponseHeader("Retry-After")) || 2), signal);
    } else throw refusal(request.status, request.responseText);
  }
}

async function send(method, address, options = {}) {
  for (;;) {
    const headers = token ? { Authorization: authorization() } : {};
    const answer = await fetch(address, { method, headers, ...options }).catch((error) => {
      throw error.name === "AbortError" || options.signal?.aborted ? error : new Refusal(text("unreachable"));
    });
    if (answer.ok) return answer;
    const body = await answer.text();
    if (answer.status === 401) token = await newToken();
    else if (method === "POST" && passes(answer.status, body)) {
      await sleep(1000 * (Number(answer.headers.get("Retry-After")) || 2), options.signal);
    } else if (answer.status === 404) throw new Refusal(text("gone"));
    else throw refusal(answer.status, body);
  }
}

/** Whether what stands in the way will be over soon. */
function passes(status, body) {
  return RETRIES.has(status) && !body.includes(FUTILE);
}

/** The header, which holds bytes: those of letters beyond Latin ones, too. */
function authorization() {
  return `Bearer ${String.fromCharCode(...new TextEncoder().encode(token))}`;
}

async function newToken() {
  const given = await askForToken();
  if (!given) throw new Refusal(text("tokenMissing"));
  sessionStorage.setItem("token", given);
  return given;
}

function refusal(status, body) {
  try {
    return new Refusal(JSON.parse(body).detail);
  } catch {
    return new Refusal(`HTTP ${status}`);
  }
}

function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
