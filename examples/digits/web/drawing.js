/** What a browser may put on the board. Every visitor is shown it, so nothing is taken on trust. */

export const STROKES_MAX = 40;
export const POINTS_MAX = 2000;

/** The body is not a drawing; the message says why, to whoever sent it. */
export class InvalidDrawing extends Error {}

/**
 * A drawing from a request's parsed body, with only the fields that belong to it.
 *
 * @typedef {[x: number, y: number]} Point from 0 (left, top) to 1 (right, bottom)
 * @typedef {{ strokes: Point[][], digit: number, confidence: number }} Drawing
 * @param {unknown} body
 * @returns {Drawing}
 * @throws {InvalidDrawing}
 */
export function drawingFrom(body) {
  const { strokes, digit, confidence } = body ?? {};
  check(Number.isInteger(digit) && digit >= 0 && digit <= 9, "digit must be a whole number from 0 to 9");
  check(isShare(confidence), "confidence must be a number from 0 to 1");
  check(Array.isArray(strokes) && strokes.length > 0, "strokes must be a list with at least one stroke");
  check(strokes.length <= STROKES_MAX, `a drawing has at most ${STROKES_MAX} strokes`);
  check(
    strokes.every((stroke) => Array.isArray(stroke) && stroke.length > 0),
    "each stroke must be a list of at least one point",
  );
  const points = strokes.flat();
  check(points.length <= POINTS_MAX, `a drawing has at most ${POINTS_MAX} points`);
  check(points.every(isPoint), "each point must be a pair [x, y] of numbers from 0 to 1");
  return { strokes, digit, confidence };
}

function check(holds, message) {
  if (!holds) {
    throw new InvalidDrawing(message);
  }
}

function isShare(value) {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isPoint(point) {
  return Array.isArray(point) && point.length === 2 && point.every(isShare);
}
