/**
 * Digits as people write them: strokes of points [x, y] from 0 (left, top) to 1 (right, bottom), the same each time.
 */

/** Points of an ellipse's arc, angles in degrees, clockwise on the screen from the right. */
function arc(x, y, rx, ry, from, to) {
  const steps = Math.ceil(Math.abs(to - from) / 12);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / steps) * Math.PI) / 180;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

export const DIGITS = {
  0: [arc(0.5, 0.5, 0.25, 0.36, -80, 285)],
  1: [[[0.38, 0.28], [0.53, 0.14], [0.51, 0.86]]],
  2: [[...arc(0.49, 0.33, 0.22, 0.19, 190, 395), [0.27, 0.84], [0.75, 0.82]]],
  3: [[...arc(0.46, 0.32, 0.21, 0.18, 205, 440), ...arc(0.46, 0.67, 0.24, 0.19, -85, 150)]],
  4: [[[0.55, 0.14], [0.24, 0.6], [0.78, 0.58]], [[0.63, 0.36], [0.6, 0.88]]],
  5: [[[0.36, 0.16], [0.33, 0.45], ...arc(0.48, 0.63, 0.23, 0.21, -125, 150)], [[0.36, 0.16], [0.71, 0.15]]],
  6: [[[0.62, 0.14], [0.43, 0.36], [0.32, 0.6], ...arc(0.5, 0.68, 0.19, 0.17, 185, -170)]],
  7: [[[0.27, 0.18], [0.74, 0.17], [0.55, 0.5], [0.44, 0.86]]],
  8: [[...arc(0.5, 0.31, 0.16, 0.16, 60, -230), ...arc(0.5, 0.68, 0.21, 0.18, -110, 240), [0.62, 0.42]]],
  9: [[...arc(0.49, 0.34, 0.18, 0.18, 0, -355), [0.67, 0.36], [0.64, 0.66], ...arc(0.47, 0.68, 0.18, 0.17, 10, 130)]],
};

/** A small, repeatable unsteadiness, so that no line is quite straight. */
function unsteady([x, y], number) {
  return [x + 0.006 * Math.sin(number * 2.3), y + 0.006 * Math.cos(number * 1.7)];
}

/** The strokes of a digit with a point every 0.03 or so, as a hand leaves them, `scale`d around the middle. */
export function handwritten(digit, { scale = 1 } = {}) {
  let number = 0;
  return DIGITS[digit].map((corners) => {
    const points = [corners[0]];
    for (let i = 1; i < corners.length; i += 1) {
      const [[ax, ay], [bx, by]] = [corners[i - 1], corners[i]];
      const steps = Math.max(1, Math.round(Math.hypot(bx - ax, by - ay) / 0.03));
      for (let step = 1; step <= steps; step += 1) {
        points.push([ax + ((bx - ax) * step) / steps, ay + ((by - ay) * step) / steps]);
      }
    }
    return points
      .map((point) => unsteady(point, (number += 1)))
      .map(([x, y]) => [0.5 + (x - 0.5) * scale, 0.5 + (y - 0.5) * scale]);
  });
}
