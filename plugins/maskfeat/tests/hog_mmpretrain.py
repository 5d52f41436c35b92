"""maskfeat/hog, as built, against mmpretrain's HOGGenerator (1.2.0), where that is installed; for developers.

    hog_mmpretrain.py --driver BUILD/tests/hog_driver

    pip install --no-deps mmpretrain==1.2.0 mmengine mmcv-lite importlib_metadata zipp lazy_importer einops mat4py model-index \\
        modelindex ordered-set addict rich termcolor yapf platformdirs markdown-it-py mdurl pygments tabulate click

beside the test tools' packages. Pictures are 224 x 224, the only size whose tokens HOGGenerator orders rightly. Pixels of whole numbers
must agree; with the usual mean and deviation it says how many cells don't, which is no failure: see Note [Rounded pixels] below. Exit
code 0, 1, or 77 if something is missing.

Note [Rounded pixels]
Where the neighbours on the left and on the right are equal, gx is exactly 0 in bytes: bin 0. In normalised floats, whose sums are
rounded, it becomes +1e-7 or -1e-7: bin 0 or bin 8, by chance. In a flat cell such remainders are all there is, and the norm makes a
full histogram of them.
"""
import argparse
import sys

try:
    import numpy as np
    import torch
    import warnings

    warnings.simplefilter("ignore")
    from mmpretrain.models.selfsup.maskfeat import HOGGenerator

    import hog
except ImportError as error:
    print(f"skipped: {error}; see the text at the top of {__file__}")
    sys.exit(77)


def theirs(pixels, window):
    """[N,3,224,224] -> [N,196,108]."""
    with torch.no_grad():
        return HOGGenerator(nbins=9, pool=8, gaussian_window=window)(pixels).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    options = parser.parse_args()
    raw = hog.random_clips(np.random.default_rng(5), 2, 1, 224, 224)
    if (hog.MEDIA / "images").is_dir():
        raw = np.concatenate([raw, hog.pictures(224)])
    jobs = hog.Jobs()
    pixels = torch.from_numpy(raw[:, 0]).permute(0, 3, 1, 2).float()
    for window in (16, 0):
        for implementation in ("auto", "operators"):
            jobs.add(f"window {window}, {implementation}", torch.from_numpy(raw), "raw", [1, 16, 16], theirs(pixels, window), 2e-6,
                     implementation=implementation, gaussian_window=window)
    failed = jobs.compare(options.driver)

    mean, std = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1), torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    want, normalised = theirs(pixels, 16), theirs((pixels - mean) / std, 16)
    cells = lambda x: x.reshape(*x.shape[:2], 3, 9, 4).transpose(0, 1, 2, 4, 3)  # .. x channel x cell x bin
    differ = (np.abs(cells(normalised) - cells(want)) > 1e-3).any(-1)
    flat = (cells(want) == 0).all(-1)
    edge = (np.abs(cells(normalised) - cells(want))[..., [0, 8]] > 1e-3).any(-1)
    print(f"HOGGenerator on normalised pixels against itself on bytes: {differ.sum()} of {differ.size} cells differ, {(differ & flat).sum()} of "
          f"the {flat.sum()} flat ones, {(differ & ~flat & edge).sum()} others in bin 0 or 8, {(differ & ~flat & ~edge).sum()} elsewhere; "
          f"mean squared difference {np.square(normalised - want).mean():.2e}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
