#!/usr/bin/env python3
"""Builds a Qwen2-VL of a few MB without a network, to test on a CPU what big ones go through.

Images go through the real processor and vision tower. A model that `says` has a known answer: the
outputs of attention and MLP are zero, so that the last hidden state is the last token's embedding,
and the head maps each token of the answer to the next one. Other models answer with noise.

    tiny_model.py FOLDER [--noise]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (PreTrainedTokenizerFast, Qwen2VLConfig, Qwen2VLForConditionalGeneration,
                          Qwen2VLImageProcessor, Qwen2VLProcessor, Qwen2VLVideoProcessor)

ANSWER = "The total is 42.50 €"
WORDS = ["The", " total", " is", " 42", ".50", " ", "€"]  # "€" stays three tokens, one a byte
SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>",
                  "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
CHAT_TEMPLATE = """\
{% for message in messages %}<|im_start|>{{ message['role'] }}
{% for part in message['content'] %}\
{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>\
{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
HIDDEN = 64


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte is a token, and so are the words of the answer."""
    bytes_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    vocabulary = {letter: index for index, letter in enumerate(sorted(bytes_level.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = bytes_level, decoders.ByteLevel()
    # Normal tokens of the added kind: cut out of a text first, and not skipped when decoding.
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in WORDS if word.isascii()
                          and len(word) > 1])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL_TOKENS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>",
        image_token="<|image_pad|>", video_token="<|video_pad|>", chat_template=CHAT_TEMPLATE,
        model_max_length=4096, clean_up_tokenization_spaces=False, padding_side="left")


def build_model(tokenizer: PreTrainedTokenizerFast) -> Qwen2VLForConditionalGeneration:
    id_of = tokenizer.convert_tokens_to_ids
    config = Qwen2VLConfig(
        text_config=dict(
            vocab_size=len(tokenizer), hidden_size=HIDDEN, intermediate_size=2 * HIDDEN,
            num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=4096, eos_token_id=id_of("<|im_end|>"),
            pad_token_id=id_of("<|endoftext|>"), bos_token_id=id_of("<|endoftext|>"),
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
                             "mrope_section": [2, 3, 3]}),
        vision_config=dict(depth=2, embed_dim=32, hidden_size=HIDDEN, num_heads=2, mlp_ratio=2,
                           patch_size=14, spatial_merge_size=2, temporal_patch_size=2),
        image_token_id=id_of("<|image_pad|>"), video_token_id=id_of("<|video_pad|>"),
        vision_start_token_id=id_of("<|vision_start|>"), tie_word_embeddings=False)
    model = Qwen2VLForConditionalGeneration(config)
    generation = model.generation_config
    generation.eos_token_id, generation.pad_token_id = id_of("<|im_end|>"), id_of("<|endoftext|>")
    return model


def teach(model: Qwen2VLForConditionalGeneration, tokens: list[int]) -> None:
    """Makes each of `tokens`, which differ, lead to the next one."""
    assert len(set(tokens)) == len(tokens), "each token must have one successor"
    with torch.no_grad():
        embedding, head = model.get_input_embeddings().weight, model.lm_head.weight
        embedding.copy_(torch.nn.functional.normalize(torch.randn(embedding.shape), dim=1))
        head.zero_()
        for name, weights in model.named_parameters():
            if "visual" not in name and name.endswith(("o_proj.weight", "down_proj.weight")):
                weights.zero_()
        for token, successor in zip(tokens, tokens[1:]):
            head[successor] += 10 * embedding[token]


def build(folder: Path, *, says: bool = True) -> None:
    """Writes the model into `folder`, which is made."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    model = build_model(tokenizer)
    if says:
        encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
        teach(model, [*encode("\n"), *encode(ANSWER), tokenizer.eos_token_id])
    model.save_pretrained(folder)
    pixels = dict(size={"shortest_edge": 28 * 28, "longest_edge": 224 * 224}, patch_size=14,
                  merge_size=2, temporal_patch_size=2)
    Qwen2VLProcessor(image_processor=Qwen2VLImageProcessor(**pixels), tokenizer=tokenizer,
                     video_processor=Qwen2VLVideoProcessor(**pixels),
                     chat_template=CHAT_TEMPLATE).save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--noise", action="store_true", help="random weights: the answer is noise")
    arguments = parser.parse_args()
    build(arguments.folder, says=not arguments.noise)
    size = sum(path.stat().st_size for path in arguments.folder.iterdir())
    print(f"{arguments.folder}: {size / 1e6:.1f} MB")
