/** What a browser may put on the board. Every visitor is shown it, so nothing is taken on trust. */
import { NDArray } from "diglot";
import type { Point } from "./board.js";

export const STROKES_MAX = 40;
export const POINTS_MAX = 2000;

/** Side of the square of pixels that Python reads. */
export const SIDE = 28;

/** The body is not a drawing; the message says why, to whoever sent it. */
export class InvalidDrawing extends Error {}

/** What a visitor has drawn. */
export interface Sketch {
  strokes: Point[][];
  /** The same as ink, row by row from the top: 0 is paper, 255 the darkest. */
  pixels: NDArray<"uint8">;
}

/**
 * A drawing from a request's parsed body, with only the fields that belong to it.
 *
 * @throws {InvalidDrawing}
 */
export function drawingFrom(body: unknown): Sketch {
  const { strokes, pixels } = (body ?? {}) as Record<string, unknown>;
  check(Array.isArray(strokes) && strokes.length > 0, "strokes must be a list with at least one stroke");
  check(strokes.length <= STROKES_MAX, `a drawing has at most ${STROKES_MAX} strokes`);
  check(
    strokes.every((stroke) => Array.isArray(stroke) && stroke.length > 0),
    "each stroke must be a list of at least one point",
  );
  const points: unknown[] = strokes.flat();
  check(points.length <= POINTS_MAX, `a drawing has at most ${POINTS_MAX} points`);
  check(points.every(isPoint), "each point must be a pair [x, y] of numbers from 0 to 1");
  const isRow = (row: unknown) => Array.isArray(row) && row.length === SIDE;
  check(Array.isArray(pixels) && pixels.length === SIDE && pixels.every(isRow), `pixels must be ${SIDE} rows of ${SIDE}`);
  const ink: unknown[] = pixels.flat();
  check(ink.every(isInk), "each pixel must be a whole number from 0 to 255");
  return { strokes, pixels: new NDArray([SIDE, SIDE], Uint8Array.from(ink)) };
}

function check(holds: boolean, message: string): asserts holds {
  if (!holds) {
    throw new InvalidDrawing(message);
  }
}

function isPoint(point: unknown): point is Point {
  return Array.isArray(point) && point.length === 2 && point.every(isShare);
}

function isShare(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isInk(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
}
