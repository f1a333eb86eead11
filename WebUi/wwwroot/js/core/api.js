/** The client of the API. What fails throws an ApiError; a log-in that has ended is told to whoever asked to know. */

const BASE = "/api/v1";
let antiforgery = null;
let whenLoggedOut = () => {};

/** Why a request failed. type: the end of the problem's type, or "unreachable"; field: the wrong field of the request. */
export class ApiError extends Error {
  constructor(status, type, message, field) {
    super(message);
    this.status = status;
    this.type = type;
    this.field = field;
  }
}

/** Who is logged in says what changes must carry. */
export function setAntiforgery(value) {
  antiforgery = value;
}

/** Calls back when the API says that nobody is logged in. */
export function onLoggedOut(callback) {
  whenLoggedOut = callback;
}

/** A path out of parts, each made safe. */
export function path(strings, ...values) {
  return strings.reduce((all, part, index) => all + encodeURIComponent(values[index - 1]) + part);
}

export const get = (url) => send("GET", url);
export const post = (url, body) => send("POST", url, body ?? {});
export const postEmpty = (url) => send("POST", url);
export const put = (url, body) => send("PUT", url, body);
export const remove = (url) => send("DELETE", url);

/** Changes what has no state of its own to be compared. */
export const patchDirect = (url, body) => send("PATCH", url, body);

/** Changes a thing as it was read: who changed it meanwhile is not overwritten. */
export async function patch(url, body) {
  const response = await raw("GET", url);
  return send("PATCH", url, body, { "If-Match": response.headers.get("ETag") });
}

/** Where a path of the API is, for a link. */
export const address = (url) => BASE + url;

/** Sends a file as it is; told(share) hears how far it is, 0 to 1. */
export function upload(url, file, told) {
  return new Promise((resolve, reject) => {
    // fetch does not tell how much was sent.
    const request = new XMLHttpRequest();
    request.open("POST", BASE + url);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (antiforgery) request.setRequestHeader("X-Lunaria-Antiforgery", antiforgery);
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    request.onerror = () => reject(new ApiError(0, "unreachable", "The appliance does not answer."));
    request.onload = () => {
      const answer = JSON.parse(request.responseText || "{}");
      if (request.status < 300) resolve(answer);
      else reject(failure(request.status, answer, url));
    };
    request.send(file);
  });
}

async function send(method, url, body, headers) {
  const response = await raw(method, url, body, headers);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

async function raw(method, url, body, headers = {}) {
  const options = { method, headers: { ...headers }, cache: "no-store" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  if (method !== "GET" && antiforgery) options.headers["X-Lunaria-Antiforgery"] = antiforgery;
  let response;
  try {
    response = await fetch(BASE + url, options);
  } catch {
    throw new ApiError(0, "unreachable", "The appliance does not answer.");
  }
  if (response.ok) return response;
  throw failure(response.status, await response.json().catch(() => ({})), url);
}

function failure(status, problem, url) {
  const type = (problem.type ?? "").split(":").pop();
  if (type === "unauthenticated" && !url.startsWith("/session")) whenLoggedOut();
  return new ApiError(status, type, problem.detail ?? `The appliance answers ${status}.`, problem.field);
}
