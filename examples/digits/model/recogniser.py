"""Reads handwritten digits with a support vector machine trained on scikit-learn's bundled data set.

The data set (UCI's "optical recognition of handwritten digits") holds 1,797 images of 8x8 cells, each cell
0..16. NIST's routines made them from scanned forms: the digit is scaled to a fixed box, its strokes are
brought to one thickness, its slant is removed, and the 32x32 bitmap that results is counted in blocks of 4x4.
A classifier trained on such images is only as good as the same treatment of what it is shown, so `normalise`
repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.svm import SVC

CELLS = 8
"""Side of the image the classifier sees, in cells of 0..16."""

BITMAP = 32
"""Side of the bitmap those cells are counted from; a cell is 4x4 of its pixels."""

BOX_WIDTH = 19
"""Widest a digit gets inside the bitmap, in pixels. It always has the bitmap's full height if it can."""

WIDEN_MAX = 1.1
"""How much wider than tall-for-tall a narrow digit may become, so that a 1 stays a 1."""

INK = (260, 305, 350)
"""Pixels of ink in a normalised bitmap, for a thin, a middling and a thick pen. The middle one is the data
set's mean, nearly the same for all ten digits; one that reads differently with another pen is doubtful."""

SHARPNESS = 5.0
"""From the classifier's scores, about 1 apart, to probabilities. Chosen for the least surprise (log loss) on
drawn digits that are not in the data set."""

INK_THRESHOLD = 0.4
"""Share of the darkest pixel from which a pixel counts as ink when the drawing is cropped."""


class NoInk(ValueError):
    """The drawing has nothing in it."""


@dataclass(frozen=True)
class Answer:
    digit: int
    probabilities: NDArray[np.float64]
    """Ten values that sum to 1; the index is the digit."""
    seen: NDArray[np.int64]
    """The 8x8 image, cells 0..16, that was put to the classifier (the one drawn with the middling pen)."""


def normalise(pixels: NDArray[np.float64]) -> NDArray[np.int64]:
    """A drawing (rows of ink, 0 is none, any scale) as 8x8 images like the data set's, one for each of `INK`.

    Raises `NoInk`.
    """
    darkest = pixels.max()
    if darkest <= 0:
        raise NoInk("the drawing has no ink in it")
    ys, xs = np.nonzero(pixels >= INK_THRESHOLD * darkest)
    crop = pixels[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]

    stretched = _stretch(crop)
    bitmap = stretched >= 0.5 * stretched.max()
    # Signed distance to the edge of the ink: negative inside. Cutting it at another level makes strokes
    # thinner or thicker without changing the shape, and it can be sheared without ragged edges.
    distance = _depth(~bitmap) - _depth(bitmap)
    distance = _upright(distance, bitmap)
    levels = np.sort(distance, axis=None)
    return np.stack([_cells(distance <= levels[ink]) for ink in INK])


def _depth(bitmap: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far each pixel that is set is from one that is not; 0 for those."""
    return np.asarray(ndimage.distance_transform_edt(bitmap))


def _cells(bitmap: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The bitmap moved to the middle from left to right, and its ink counted in blocks of 4x4."""
    columns = np.nonzero(bitmap.any(axis=0))[0]
    bitmap = np.roll(bitmap, round((BITMAP - 1) / 2 - (columns[0] + columns[-1]) / 2), axis=1)
    block = BITMAP // CELLS
    return bitmap.reshape(CELLS, block, CELLS, block).sum(axis=(1, 3))


def _stretch(crop: NDArray[np.float64]) -> NDArray[np.float64]:
    """The crop in the middle of the bitmap: as tall as the bitmap, as wide as the box or its shape allows."""
    height, width = crop.shape
    shrink_y = height / max(1, min(BITMAP, 2 * BOX_WIDTH * height / width))
    shrink_x = width / max(1, min(BOX_WIDTH, WIDEN_MAX * BITMAP * width / height))
    # Without the blur a thin line could fall between the pixels that a much larger drawing is sampled at.
    crop = ndimage.gaussian_filter(crop, [max(0, shrink_y - 1) / 2, max(0, shrink_x - 1) / 2])
    centred = np.arange(BITMAP) - (BITMAP - 1) / 2
    rows = centred * shrink_y + (height - 1) / 2
    columns = centred * shrink_x + (width - 1) / 2
    return ndimage.map_coordinates(crop, np.meshgrid(rows, columns, indexing="ij"), order=1)


def _upright(distance: NDArray[np.float64], bitmap: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sheared so that the topmost strokes' left edge stands above that of the lowest, as in the data set."""
    rows = np.nonzero(bitmap.any(axis=1))[0]
    if len(rows) < 2:
        return distance
    edges = bitmap[rows].argmax(axis=1)
    few = max(1, len(rows) // 8)
    slope = (np.median(edges[-few:]) - np.median(edges[:few])) / len(rows)
    y, x = np.indices(distance.shape, dtype=float)
    return ndimage.map_coordinates(distance, [y, x + slope * (y - (BITMAP - 1) / 2)], order=1, mode="nearest")


def _variation(*, shear: float = 0.0, shift: float = 0.0, widen: float = 1.0) -> NDArray[np.float64]:
    """A 64x64 matrix that moves every cell of a flattened image: one product varies the whole data set."""
    middle = (CELLS - 1) / 2
    y, x = np.indices((CELLS, CELLS), dtype=float)
    from_x = ((x - middle) / widen + shear * (y - middle) - shift + middle).ravel()
    y = y.astype(int).ravel()
    left = np.floor(from_x).astype(int)
    matrix = np.zeros((CELLS * CELLS, CELLS * CELLS))
    for column, weight in ((left, left + 1 - from_x), (left + 1, from_x - left)):
        inside = (column >= 0) & (column < CELLS)
        matrix[(y * CELLS + column)[inside], np.arange(CELLS * CELLS)[inside]] += weight[inside]
    return matrix


VARIATIONS = [
    _variation(),
    _variation(shear=0.2),
    _variation(shear=-0.2),
    _variation(shift=0.6),
    _variation(shift=-0.6),
    _variation(widen=0.85),
    _variation(widen=1.15),
]
"""How people's hands differ, as far as 1,797 images of few writers do not show it."""


class Recogniser:
    """A trained classifier. Training takes about a second; `recognise` some milliseconds, from any thread."""

    def __init__(self) -> None:
        images, digits = load_digits(return_X_y=True)
        varied = np.vstack([images @ variation for variation in VARIATIONS])
        # scikit-learn has no types: to pyright a parameter is what its default is, "scale".
        classifier = SVC(gamma=0.001, C=10)  # pyright: ignore[reportArgumentType]
        self._classifier = classifier.fit(varied, np.tile(digits, len(VARIATIONS)))

    def recognise(self, pixels: NDArray[np.float64]) -> Answer:
        """Which digit a drawing shows. Raises `NoInk` where it shows nothing."""
        images = normalise(pixels)
        scores = self._classifier.decision_function(images.reshape(len(images), -1))
        probabilities = softmax(SHARPNESS * scores, axis=1).mean(axis=0)
        return Answer(digit=int(probabilities.argmax()), probabilities=probabilities, seen=images[len(images) // 2])
