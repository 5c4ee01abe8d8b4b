/**
 * A drawing is a list of strokes, a stroke a list of points [x, y] from 0 (left, top) to 1 (right, bottom).
 * Here it becomes what a screen draws and what a model reads.
 *
 * @typedef {[x: number, y: number]} Point
 * @typedef {Point[][]} Strokes
 */

export const STROKES_MAX = 40;
export const POINTS_MAX = 2000;

/** Side of the grid the model is given, in pixels. */
const GRID = 28;

/** Share of the grid the drawing fills, so that a small drawing is read as well as a large one. */
const GRID_FILL = 0.8;

/** Width of the pen on the grid, in pixels; about what the data set's writers used. */
const GRID_PEN = 3.4;

/** A drawing smaller than this share of the pad is a dot: enlarging it would only invent a digit. */
const DOT = 0.06;

/** The strokes as the `d` of an SVG path in a 100 by 100 box, smoothed through the middle of each segment. */
export function asPath(strokes) {
  const at = ([x, y]) => `${(x * 100).toFixed(1)} ${(y * 100).toFixed(1)}`;
  const middle = ([ax, ay], [bx, by]) => [(ax + bx) / 2, (ay + by) / 2];
  return strokes
    .map((points) => {
      let d = `M${at(points[0])}`;
      for (let i = 1; i < points.length - 1; i += 1) {
        d += `Q${at(points[i])} ${at(middle(points[i], points[i + 1]))}`;
      }
      // Ending where it began, a single point is still drawn: as a dot, by the round cap.
      return `${d}L${at(points[points.length - 1])}`;
    })
    .join("");
}

/**
 * The strokes as a square grid of ink (0 is paper, 255 ink), the drawing fitted to its middle.
 *
 * @param {Strokes} strokes
 * @returns {number[][] | undefined} undefined where there is no more than a dot
 */
export function asGrid(strokes) {
  const points = strokes.flat();
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const size = Math.max(right - left, bottom - top);
  if (size < DOT) {
    return undefined;
  }
  const scale = (GRID * GRID_FILL) / size;
  const canvas = new OffscreenCanvas(GRID, GRID);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.translate(GRID / 2, GRID / 2);
  context.lineWidth = GRID_PEN;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    for (const [x, y] of [stroke[0], ...stroke]) {
      context.lineTo((x - (left + right) / 2) * scale, (y - (top + bottom) / 2) * scale);
    }
    context.stroke();
  }
  const rgba = context.getImageData(0, 0, GRID, GRID).data;
  const alpha = (row, column) => rgba[(row * GRID + column) * 4 + 3];
  return Array.from({ length: GRID }, (_, row) => Array.from({ length: GRID }, (_, column) => alpha(row, column)));
}
