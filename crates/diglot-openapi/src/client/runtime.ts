/** What all calls of a client have in common. */
export interface ClientOptions {
  /** Where the server is: `https://example.com`. By default the origin of the page. */
  baseUrl?: string;
  /** Sent with every request; a function is asked before each. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** Whether cookies are sent to other origins, as `fetch` has it. */
  credentials?: RequestCredentials;
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/** What one call may have of its own. */
export interface CallOptions {
  /** Gives the call up when it aborts. */
  signal?: AbortSignal;
  headers?: HeadersInit;
}

/** Why there is no answer (RFC 9457), as far as the server says it. */
export interface ProblemDetails {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  /** Of a function: what kind of error it is, in one word. */
  code?: string;
  /** Of a function: the class of what it threw, if it says that it does. */
  error?: string;
  /** Of a function: what that carries. */
  data?: unknown;
  /** Of a function: which arguments are not what it takes. */
  issues?: { path: (string | number)[]; message: string }[];
  [member: string]: unknown;
}

/** The server answered, and not with what was asked for. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  /** Where the answer is `application/problem+json`. */
  readonly problem: ProblemDetails | undefined;
  /** The answer's content: JSON if it is that, else text. */
  readonly body: unknown;
  readonly response: Response;

  constructor(response: Response, body: unknown, problem?: ProblemDetails) {
    const isProblem = mediaType(response) === "application/problem+json" && typeof body === "object" && body !== null;
    const known = problem ?? (isProblem ? (body as ProblemDetails) : undefined);
    const status = problem?.status ?? response.status;
    const said = known?.detail ?? known?.title ?? response.statusText;
    super(said ? `${status}: ${said}` : `${status}`);
    this.status = status;
    this.problem = known;
    this.body = body;
    this.response = response;
  }
}

/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  event: string;
  data: string;
  id: string;
  /** What it came with. */
  response: Response;
}

type Style = "repeat" | "comma" | "space" | "pipe" | "deep" | "json";

interface Sent {
  method: string;
  path: string;
  query?: [name: string, value: unknown, style?: Style][];
  headers?: Record<string, unknown>;
  body?: unknown;
  /** The media type of the body. */
  type?: string;
  accept?: string;
}

function connect(client: ClientOptions) {
  async function respond(sent: Sent, call: CallOptions): Promise<Response> {
    const headers = new Headers(typeof client.headers === "function" ? await client.headers() : client.headers);
    for (const [name, value] of Object.entries(sent.headers ?? {})) {
      if (value !== undefined && value !== null) headers.set(name, String(value));
    }
    if (sent.accept !== undefined) headers.set("accept", sent.accept);
    const body = sent.body === undefined ? undefined : encoded(sent.body, sent.type ?? "");
    // A form says by itself where its parts end.
    if (body !== undefined && sent.type && !(body instanceof FormData)) headers.set("content-type", sent.type);
    new Headers(call.headers).forEach((value, name) => headers.set(name, value));
    const init: RequestInit = { method: sent.method, headers };
    if (body !== undefined) init.body = body;
    if (call.signal) init.signal = call.signal;
    if (client.credentials) init.credentials = client.credentials;
    const url = `${(client.baseUrl ?? "").replace(/\/$/, "")}${sent.path}${queried(sent.query ?? [])}`;
    const response = await (client.fetch ?? fetch)(url, init);
    if (!response.ok) throw new HttpError(response, await read(response, true));
    return response;
  }

  async function* events(sent: Sent, call: CallOptions = {}): AsyncGenerator<ServerSentEvent, void, undefined> {
    const response = await respond({ accept: "text/event-stream", ...sent }, call);
    let [event, id] = ["", ""];
    let data: string[] = [];
    for await (const line of lines(response, call.signal)) {
      if (line === "") {
        if (data.length > 0) yield { event: event || "message", data: data.join("\n"), id, response };
        [event, data] = ["", []];
        continue;
      }
      const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "data") data.push(value);
      else if (field === "event") event = value;
      else if (field === "id" && !value.includes("\0")) id = value;
    }
  }

  return {
    segment,
    events,

    /** What a function's stream gives. One that fails on its way says so in an event of its own. */
    async *results<T>(sent: Sent, call: CallOptions = {}): AsyncGenerator<T, void, undefined> {
      for await (const { event, data, response } of events(sent, call)) {
        const value: unknown = JSON.parse(data);
        if (event === "error") throw new HttpError(response, value, value as ProblemDetails);
        yield value as T;
      }
    },

    async send<T>(sent: Sent, call: CallOptions = {}): Promise<T> {
      return (await read(await respond(sent, call))) as T;
    },

    async *items<T>(sent: Sent, call: CallOptions = {}): AsyncGenerator<T, void, undefined> {
      const response = await respond({ accept: "application/x-ndjson", ...sent }, call);
      for await (const line of lines(response, call.signal)) {
        if (line !== "") yield JSON.parse(line) as T;
      }
    },
  };
}

function mediaType(response: Response): string {
  const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}

async function read(response: Response, isError = false): Promise<unknown> {
  const type = mediaType(response);
  const isJson = type === "application/json" || type.endsWith("+json");
  if (isJson || isError || type.startsWith("text/")) {
    const text = await response.text();
    if (!isJson) return text;
    if (text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      if (isError) return text;
      throw error;
    }
  }
  return type === "" ? undefined : response.blob();
}

/** The lines of a response as they come. Leaving the loop ends the response. */
async function* lines(response: Response, signal?: AbortSignal): AsyncGenerator<string, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const whole = rest.split(/\r\n|\n/);
      rest = whole.pop() ?? "";
      for (const line of whole) {
        // What has come before is not given any more.
        signal?.throwIfAborted();
        yield line;
      }
      if (done) break;
    }
    if (rest !== "") yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** One segment of a path. */
function segment(value: unknown): string {
  const text = (Array.isArray(value) ? value : [value]).map((part) => encodeURIComponent(String(part))).join(",");
  if (text === "" || text === "." || text === "..") throw new TypeError(`${JSON.stringify(value)} cannot stand in a path`);
  return text;
}

function queried(query: [name: string, value: unknown, style?: Style][]): string {
  const search = new URLSearchParams();
  for (const [name, value, style = "repeat"] of query) {
    if (value === undefined || value === null) continue;
    if (style === "json") search.append(name, JSON.stringify(value));
    else if (Array.isArray(value)) {
      const separator = { comma: ",", space: " ", pipe: "|", repeat: undefined, deep: undefined }[style];
      if (separator !== undefined) search.append(name, value.join(separator));
      else for (const one of value) search.append(name, String(one));
    } else if (typeof value === "object") {
      for (const [key, one] of Object.entries(value)) {
        if (one !== undefined && one !== null) search.append(style === "deep" ? `${name}[${key}]` : key, String(one));
      }
    } else search.append(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function encoded(body: unknown, type: string): BodyInit {
  if (type === "application/json" || type.endsWith("+json")) return JSON.stringify(body);
  const isForm = type === "multipart/form-data" || type === "application/x-www-form-urlencoded";
  if (!isForm || body instanceof FormData || body instanceof URLSearchParams) return body as BodyInit;
  const form = type === "multipart/form-data" ? new FormData() : new URLSearchParams();
  for (const [name, value] of Object.entries(body as Record<string, unknown>)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === undefined || one === null) continue;
      if (one instanceof Blob && form instanceof FormData) form.append(name, one);
      else form.append(name, typeof one === "object" ? JSON.stringify(one) : String(one));
    }
  }
  return form;
}
