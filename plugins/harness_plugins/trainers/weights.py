"""The weights that are tuned, all of a model's or adapters beside it (of four or eight bits too), and how they are saved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import MissingExtra, PluginError
from harness_plugins.judges.local_files import LocalModel, load_model, missing
from harness_plugins.metrics import encoders

PIP_LINE = "pip install 'metaeval-harness[train]'"
QUANTIZE = (None, "4bit", "8bit")
KERNELS = ("auto", "none", "liger", "compile")
DTYPES = ("float32", "bfloat16")


@dataclass(frozen=True)
class Weights:
    """`lora`: rank of adapters on all linear layers, 0 for none; `alpha`: 2 × rank by default; `quantize`: what the base is held
    in beneath them (Dettmers et al. 2023, QLoRA: four-bit NormalFloat, its constants quantised too); `dtype`: of products;
    `kernels`: what computes them; `checkpointing`: activations are computed again rather than kept.

    Weights that are tuned are float32 whatever `dtype` is: steps of 1e-5 vanish in bfloat16.
    """

    lora: int = 0
    alpha: float | None = None
    quantize: str | None = None
    dtype: str = "float32"
    kernels: str = "auto"
    checkpointing: bool = False

    def __post_init__(self) -> None:
        if self.dtype == "float16":
            raise ValueError(
                "dtype=float16 loses small gradients without scaling, which sft does not do; use bfloat16 or float32"
            )
        for name, value, known in (
            ("dtype", self.dtype, DTYPES),
            ("quantize", self.quantize, QUANTIZE),
            ("kernels", self.kernels, KERNELS),
        ):
            if value not in known:
                raise ValueError(f"{name} is one of {', '.join(str(one) for one in known if one)}, got {value!r}")
        if self.quantize and not self.lora:
            raise ValueError(
                f"quantize={self.quantize} keeps the base as it is, so something beside it must learn: set lora (16)"
            )

    def load(self, base: LocalModel, device: str) -> Any:
        """The model to train, on the device. Raises PluginError where it cannot be had, MissingExtra without the packages."""
        if self.quantize:
            model = self._quantized(base, device)
        else:
            model = load_model(base, device, self.dtype if self.lora else "float32")
        model = self._adapted(model)
        if self.checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.quicken(model, device)
        return model

    def save(self, model: Any, base: LocalModel, tokenizer: Any, folder: Path) -> None:
        """A folder that transformers reads by itself; adapters are merged into it, and lie in `adapters` beside it too."""
        if self.lora:
            model.save_pretrained(folder.parent / "adapters")
            model = merged(base, folder.parent / "adapters", self.dtype) if self.quantize else model.merge_and_unload()
        model.config.use_cache = True
        with encoders.quiet():
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)

    def _adapted(self, model: Any) -> Any:
        if not self.lora:
            return model
        peft = _peft()
        alpha: Any = self.alpha if self.alpha is not None else 2 * self.lora
        if self.quantize:
            model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        how = peft.LoraConfig(r=self.lora, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM")
        return peft.get_peft_model(model, how)

    def _quantized(self, base: LocalModel, device: str) -> Any:
        import torch

        if not device.startswith("cuda"):
            raise PluginError(
                f"quantize={self.quantize} is computed by bitsandbytes on a GPU, and this training runs on {device}; leave "
                "quantize out: LoRA alone takes the memory of the weights, and little beside it"
            )
        try:
            import bitsandbytes  # noqa: F401  (asked whether it is there)
            from transformers import AutoModelForCausalLM, BitsAndBytesConfig
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"quantize={self.quantize} needs the package {error.name!r}; install it with: pip install bitsandbytes"
            ) from error
        kind = getattr(torch, self.dtype)
        how: Any = BitsAndBytesConfig(
            load_in_4bit=self.quantize == "4bit",
            load_in_8bit=self.quantize == "8bit",
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=kind,
        )
        with encoders.explained(base.folder, base.name, "model"), encoders.quiet():
            return AutoModelForCausalLM.from_pretrained(
                base.folder,
                quantization_config=how,
                dtype=kind,
                device_map={"": device},
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
            )

    def quicken(self, model: Any, device: str) -> None:
        """Kernels that compute several things in one pass over memory: Liger's where they are installed, or torch.compile's."""
        if self.kernels == "compile":
            for layer in _layers(model):
                layer.compile()
        elif self.kernels == "liger" or (self.kernels == "auto" and device.startswith("cuda")):
            self._liger(model, device)

    def _liger(self, model: Any, device: str) -> None:
        try:
            from liger_kernel.transformers import _apply_liger_kernel_to_instance as replace
        except ModuleNotFoundError as error:
            if self.kernels == "auto":
                return
            raise MissingExtra(
                f"kernels=liger needs the package {error.name!r}; install it with: pip install liger-kernel"
            ) from error
        if not device.startswith("cuda"):
            raise PluginError(f"kernels=liger runs on a GPU, and this training on {device}; use kernels=auto, compile or none")
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        # the loss is computed by ourselves, at learned positions alone
        replace(model=inner, cross_entropy=False, fused_linear_cross_entropy=False)


def merged(base: LocalModel, adapters: Path, dtype: str) -> Any:
    """The base as it was published with the adapters put into its weights: what was quantised is not saved."""
    peft = _peft()
    return peft.PeftModel.from_pretrained(load_model(base, "cpu", dtype), adapters).merge_and_unload()


def _layers(model: Any) -> list[Any]:
    """The model's repeated blocks."""
    import torch

    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList) and len(module) > 0]
    return list(max(lists, key=lambda one: sum(parameter.numel() for parameter in one.parameters()), default=[]))


def _peft() -> Any:
    try:
        import peft
    except ModuleNotFoundError as error:
        if error.name != "peft":
            raise missing(error) from error
        raise MissingExtra(f"lora needs the package {error.name!r}; install it with: {PIP_LINE}") from error
    return peft
