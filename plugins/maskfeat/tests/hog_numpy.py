"""HOG in float64 NumPy, derived on its own from the definition: what the plugin's implementations are compared with.

Neither the sectors nor the tangents of the kernels appear here: each pixel's angle is taken with arctan2, and each token's features
are filled in by plain loops over channel, bin, and cell.
"""
import numpy as np

PI = np.float64(np.pi)


def gradients(channel):
    """Sobel's left - right and top - bottom of one channel [H,W], borders reflected without repeating the edge."""
    p = np.pad(np.asarray(channel, np.float64), 1, mode="reflect")
    h, w = channel.shape
    at = lambda dy, dx: p[1 + dy:1 + dy + h, 1 + dx:1 + dx + w]
    gx = at(-1, -1) + 2 * at(0, -1) + at(1, -1) - at(-1, 1) - 2 * at(0, 1) - at(1, 1)
    gy = at(-1, -1) + 2 * at(-1, 0) + at(-1, 1) - at(1, -1) - 2 * at(1, 0) - at(1, 1)
    return gx, gy


def orientation_bin(gx, gy, bins=9):
    return (np.floor(np.arctan2(gx, gy) / PI * bins).astype(np.int64) % bins + bins) % bins


def window(side):
    """Gaussian of a deviation of side / 2 around the middle, side x side, that adds up to 1."""
    i, j = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    middle, deviation = (side - 1) / 2, side / 2
    w = np.exp(-((i - middle) ** 2 + (j - middle) ** 2) / (2 * deviation ** 2))
    return w / w.sum()


def cell_histograms(picture, bins=9, cell=8, gaussian=16):
    """[H,W,C] -> [C,H/cell,W/cell,bins], each histogram with norm 1, or all zeros."""
    height, width, channels = picture.shape
    out = np.zeros((channels, height // cell, width // cell, bins))
    for c in range(channels):
        gx, gy = gradients(picture[:, :, c])
        weight = np.sqrt(gx * gx + gy * gy)
        if gaussian:
            weight = weight * np.tile(window(gaussian), (height // gaussian, width // gaussian))
        which = orientation_bin(gx, gy, bins)
        for y in range(height // cell):
            for x in range(width // cell):
                rows, columns = slice(y * cell, y * cell + cell), slice(x * cell, x * cell + cell)
                histogram = np.bincount(which[rows, columns].ravel(), weight[rows, columns].ravel(), minlength=bins)
                out[c, y, x] = histogram / max(np.linalg.norm(histogram), 1e-12)
    return out


def features(picture, bins=9, cell=8, gaussian=16, token=(16, 16)):
    """[H,W,C] -> [tokens, C * bins * cells of a token], tokens row by row."""
    cells = cell_histograms(picture, bins, cell, gaussian)
    th, tw = token[0] // cell, token[1] // cell
    channels, h, w, _ = cells.shape
    out = np.zeros(((h // th) * (w // tw), channels * bins * th * tw))
    for n in range(out.shape[0]):
        row, column = divmod(n, w // tw)
        for c in range(channels):
            for k in range(bins):
                for dy in range(th):
                    for dx in range(tw):
                        out[n, ((c * bins + k) * th + dy) * tw + dx] = cells[c, row * th + dy, column * tw + dx, k]
    return out


def clip_features(clip, tubelet=2, **options):
    """[T,H,W,C] -> the tokens of frames 0, tubelet, 2 tubelet .., one after the other."""
    return np.concatenate([features(frame, **options) for frame in clip[::tubelet]])
