/** The page's two conversations: with Python, which reads a drawing, and with Node.js, which keeps it. */

/** Longest wait for either. */
const ANSWER_MS_MAX = 10_000;

/** Something the person at the page should read; `canRetry` tells whether asking again may help. */
export class Trouble extends Error {
  constructor(message, canRetry) {
    super(message);
    this.canRetry = canRetry;
  }
}

/**
 * @param {number[][]} pixels
 * @param {AbortSignal} signal
 * @returns {Promise<{ digit: number, confidence: number, probabilities: number[], seen: number[][] }>}
 * @throws {Trouble}
 */
export function recognise(pixels, signal) {
  return send("api/recognise", { pixels }, "Python", signal);
}

/** @throws {Trouble} */
export function publish(drawing) {
  return send("drawings", drawing, "Node.js");
}

async function send(path, body, who, signal) {
  const timeout = AbortSignal.timeout(ANSWER_MS_MAX);
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    answer = await response.text();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    const why = timeout.aborted ? `took longer than ${ANSWER_MS_MAX / 1000} seconds` : "cannot be reached";
    throw new Trouble(`${who} ${why}.`, true);
  }
  const parsed = parse(answer);
  if (!response.ok) {
    const reason = parsed?.error ?? detail(parsed);
    throw response.status < 500
      ? new Trouble(`${who} refused: ${reason ?? `status ${response.status}`}.`, response.status === 429)
      : new Trouble(`${who} does not answer (status ${response.status}).`, true);
  }
  if (parsed === undefined) {
    throw new Trouble(`${who} answered with something that is not JSON.`, true);
  }
  return parsed;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** FastAPI's `detail` is a sentence, or a list of what is wrong with the body. */
function detail(answer) {
  return typeof answer?.detail === "string" ? answer.detail : answer?.detail?.[0]?.msg;
}
