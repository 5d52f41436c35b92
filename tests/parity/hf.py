"""Hugging Face's VideoMAE as a reference for videomae/vit, videomae/decoder and classify/linear.

Names: ours are those of the original code (blocks.0.attn.qkv.weight, q_bias, v_bias) below the host's prefixes "backbone."
and "heads.main."; Hugging Face keeps query, key and value apart, without a bias for the key.
"""
import torch
from transformers import VideoMAEConfig, VideoMAEForPreTraining, VideoMAEForVideoClassification

SIZES = {  # name: encoder width, depth, heads; decoder width, depth, heads
    "small": (384, 12, 6, 192, 4, 3),
    "base": (768, 12, 12, 384, 4, 6),
    "large": (1024, 24, 16, 512, 12, 8),
    "huge": (1280, 32, 16, 640, 12, 8),
}
LAYER_NORM_EPS = 1e-6


def config(shape, widths, classes=2, pretrain=True, norm_pix=True, final_norm=None):
    """shape: dict with frames, size, channels, tubelet, patch; widths: a row of SIZES."""
    dim, depth, heads, decoder_dim, decoder_depth, decoder_heads = widths
    return VideoMAEConfig(
        image_size=shape["size"], num_frames=shape["frames"], num_channels=shape["channels"],
        tubelet_size=shape["tubelet"], patch_size=shape["patch"],
        hidden_size=dim, num_hidden_layers=depth, num_attention_heads=heads, intermediate_size=4 * dim,
        decoder_hidden_size=decoder_dim, decoder_num_hidden_layers=decoder_depth,
        decoder_num_attention_heads=decoder_heads, decoder_intermediate_size=4 * decoder_dim,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=LAYER_NORM_EPS,
        norm_pix_loss=norm_pix, num_labels=classes,
        use_mean_pooling=not (pretrain if final_norm is None else final_norm))


def build(cfg, pretrain, dtype):
    model = (VideoMAEForPreTraining if pretrain else VideoMAEForVideoClassification)(cfg).to(dtype)
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = LAYER_NORM_EPS  # the library's own defaults differ from norm to norm
    return model


_LAYER = {
    "norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense", "mlp.fc2": "output.dense",
}


def _layer_names(ours, theirs):
    """Yields (our name, [their names]) of one transformer block; several of theirs are concatenated along axis 0."""
    self_attention = theirs + "attention.attention."
    yield ours + "attn.qkv.weight", [self_attention + part + ".weight" for part in ("query", "key", "value")]
    yield ours + "attn.q_bias", [self_attention + "query.bias"]
    yield ours + "attn.v_bias", [self_attention + "value.bias"]
    for mine, hf in _LAYER.items():
        for leaf in (".weight", ".bias"):
            yield ours + mine + leaf, [theirs + hf + leaf]


def names(cfg, pretrain, final_norm=None):
    """Our state-dict name -> the list of Hugging Face parameters it is made of."""
    table = {}
    patch = "videomae.embeddings.patch_embeddings.projection"
    for leaf in (".weight", ".bias"):
        table["backbone.patch_embed.proj" + leaf] = [patch + leaf]
    for i in range(cfg.num_hidden_layers):
        table.update(_layer_names(f"backbone.blocks.{i}.", f"videomae.encoder.layer.{i}."))
    if not cfg.use_mean_pooling:
        for leaf in (".weight", ".bias"):
            table["backbone.norm" + leaf] = ["videomae.layernorm" + leaf]
    if pretrain:
        head = "heads.main."
        table[head + "mask_token"] = ["mask_token"]
        table[head + "encoder_to_decoder.weight"] = ["encoder_to_decoder.weight"]
        for i in range(cfg.decoder_num_hidden_layers):
            table.update(_layer_names(f"{head}decoder.blocks.{i}.", f"decoder.decoder_layers.{i}."))
        for leaf in (".weight", ".bias"):
            table[head + "decoder.norm" + leaf] = ["decoder.norm" + leaf]
            table[head + "decoder.head" + leaf] = ["decoder.head" + leaf]
    else:
        for leaf in (".weight", ".bias"):
            if cfg.use_mean_pooling:
                table["heads.main.fc_norm" + leaf] = ["fc_norm" + leaf]
            table["heads.main.head" + leaf] = ["classifier" + leaf]
    return table


def to_ours(tensors, table):
    """Tensors by Hugging Face's names -> by ours (weights or gradients)."""
    return {ours: torch.cat([tensors[name] for name in theirs]) if len(theirs) > 1 else tensors[theirs[0]]
            for ours, theirs in table.items()}


def from_ours(tensors, table):
    """Tensors by our names -> by Hugging Face's."""
    result = {}
    for ours, theirs in table.items():
        parts = tensors[ours].chunk(len(theirs)) if len(theirs) > 1 else [tensors[ours]]
        result.update({name: part.contiguous() for name, part in zip(theirs, parts)})
    return result


def load_ours(model, tensors, table):
    """Strict: every parameter of the model comes from ours, and nothing of ours is left over."""
    missing = set(dict(model.named_parameters())) - {name for theirs in table.values() for name in theirs}
    unexpected = set(tensors) - set(table)
    if missing or unexpected:
        raise SystemExit(f"weights don't fit: the reference lacks {sorted(unexpected)}, ours lack {sorted(missing)}")
    model.load_state_dict(from_ours(tensors, table), strict=True)


def named_gradients(model):
    return {name: parameter.grad for name, parameter in model.named_parameters()}
