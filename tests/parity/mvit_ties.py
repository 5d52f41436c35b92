"""Why gradients of a full-size MViT in fp32 can't agree to 1e-5: torchvision's own in fp32 against its own in fp64.

Max pools of the skip connection choose between tokens that differ by less than fp32 resolves; one other choice moves the gradients of all
earlier blocks. Counts such choices, and shows that with fp64's choices fp32's gradients agree to 1e-5.
"""
import sys

try:
    import torch
    import torch.nn.functional as F

    import mvit
    from parity import make_weights
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)


class Pools:
    """Takes the place of MaxPool3d.forward: keeps the choices of a first pass, then compares with them, or takes them."""

    def __init__(self):
        self.choices, self.mode, self.calls = [], "keep", 0

    def __call__(self, pool, x):
        y, index = F.max_pool3d(x, pool.kernel_size, pool.stride, pool.padding, return_indices=True)
        self.calls += 1
        if self.mode == "keep":
            self.choices.append(index)
            return y
        kept = self.choices[self.calls - 1]
        if self.mode == "compare":
            print(f"max pool {self.calls}: {(kept != index).sum().item()} of {index.numel()} choices are others")
            return y
        return x.flatten(2).gather(2, kept.flatten(2)).view(kept.shape)


def gradients(pools, mode, reference, inputs):
    pools.mode, pools.calls = mode, 0
    parameters = reference.parameters()
    for p in parameters.values():
        p.grad = None
    reference.run(inputs)["loss"].backward()
    return {name: p.grad.double().clone() for name, p in parameters.items()}


def worst(got, want):
    errors = {name: ((got[name] - g).norm() / g.norm()).item() for name, g in want.items() if g.norm() > 1e-9}
    name = max(errors, key=errors.get)
    return errors[name], name


def main():
    case = next(c for c in mvit.GROUPS["small"] if c["name"] == "maskfeat_small_pretraining")
    generator = torch.Generator().manual_seed(1)
    single, double = (mvit.Reference({**case, "dtype": dtype}) for dtype in ("fp32", "fp64"))
    make_weights(single.model.eval(), single.extra, generator)
    with torch.no_grad():
        for p, q in zip(single.parameters().values(), double.parameters().values()):
            q.copy_(p)
    inputs = mvit.make_inputs({**case, "dtype": "fp32"}, generator)
    wide = {name: value.double() if value.is_floating_point() else value for name, value in inputs.items()}
    pools = Pools()
    torch.nn.MaxPool3d.forward = lambda pool, x: pools(pool, x)
    double.model.eval()
    want = gradients(pools, "keep", double, wide)
    print("fp32 against fp64, own choices: {:.1e} ({})".format(*worst(gradients(pools, "compare", single, inputs), want)))
    error, name = worst(gradients(pools, "take", single, inputs), want)
    print(f"fp32 against fp64, fp64's choices: {error:.1e} ({name})")
    sys.exit(error > 1e-5)


main()
