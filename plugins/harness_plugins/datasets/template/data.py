"""Where the data sets of the shipped templates lie: files at a pinned commit, which `harness data get` fetches."""

from collections.abc import Mapping

from harness.protocols import DataFiles
from harness_plugins.judgments.gec_sv import DATA as GEC_SV

_SUPERLIM = "a46f15796eff16ef86f9a946f185fa2ca2a9d84a"
_SWEQUAD = "d716211a42e2c0bd23b146ca63ea3330ee95ab39"
_NTREX = "8561f6a622db9edad1217683e5c83daefd8bb2bf"
_ZARAGOZA = "a39e25562e543bff33e348b69084f175d1354514"

DATA: Mapping[str, DataFiles] = {
    "superlim-2": DataFiles(
        folder="superlim2",
        base_url=f"https://raw.githubusercontent.com/spraakbanken/SuperLim-2/{_SUPERLIM}",
        files={
            "absabank-imm/absabank-imm_dev.jsonl": "a9a05a047b0ce4459e8786d58a289a7484a01f3df347c417d20850f4d8e10a3b",
            "absabank-imm/absabank-imm_test.jsonl": "08603652225ba5480104cf4a1dd85aa8cc076ab78c00d6ec2a2624cfab61023c",
            "argumentation-sentences/argumentation-sentences_dev.jsonl": "01f85e313ccd10f008d0b08fa6c7ca36dd5e27d3ef1db7c4d3418c64e34f211c",  # noqa: E501
            "argumentation-sentences/argumentation-sentences_test.jsonl": "8819ff7bf02630e8f737773d31c2d524fa6c72ab2f31cee7d9985ebebe25fd29",  # noqa: E501
            "dalaj-ged-superlim/dalaj-ged-superlim_dev.jsonl": "ebae9d1997dad0385f120a4eeed252a76cdb7155bc685e5dacd32684f302855c",
            "dalaj-ged-superlim/dalaj-ged-superlim_test.jsonl": "19ad8aea55d5f2f3e47b2b3118cd7b76d40064670e43ce6c0687424fe719d586",  # noqa: E501
            "supersim-superlim/supersim-superlim-relatedness_test.jsonl": "051c8f9c80217220fe6ffc1e789851575bb722e38d21130759ae4940e603ec7d",  # noqa: E501
            "supersim-superlim/supersim-superlim-similarity_test.jsonl": "79d01e48f689f3721f3eff688d6c3a5df909ee89ff4ed7c749715af5527b2713",  # noqa: E501
            "swediagnostics/swediagnostics_test.jsonl": "4f8758a7ae8f3b1478b7bc56e8175ddfb9c1cea123e62e5eaac72fc638357de8",
            "swefaq/swefaq_dev.jsonl": "9b0711785af16913ea92abbedbe306b25d4fdd489816c53f2f52bab414d88a88",
            "swefaq/swefaq_test.jsonl": "c17bae04104924583f92c882fd974d0e84da7510d352ca96b9548cae29fe8b3f",
            "swenli/swenli_test.jsonl": "2a4dad1bb363cf05574393b815f99471b979f887f17e6def94e7e760009d6dcd",
            "swesat-synonyms/swesat-synonyms_test.jsonl": "53ea577b478ab58e19fdd96f94f4ba4058cc3a5fe59da2fa08e39035041fa14e",
            "swesat-synonyms/swesat-synonyms_train.jsonl": "6b20e570c0619c4c3bd98c6b2b0b939338f73b1ad2b09ef38b1c1c25d7f276bf",
            "swewic/swewic_dev.jsonl": "6580856e5e9b25d5d158b9cd844cdf716fd6814ff5d9602ba49d571f4433c10d",
            "swewic/swewic_test.jsonl": "4ac81677f7bb62ccc46ac1de9037e57c2d4b28775e59262eca8e65833f60ba6b",
            "swewinogender/swewinogender_test.jsonl": "f0e20c6ae326f6ccf9a9de41ebcf9b87b4053d336fe015958a5ee1fea8c681c9",
            "swewinograd/swewinograd_dev.jsonl": "eec8c96d2705c6ecdd24f04b62a9d63c2f8efaa7874263104a9adbea7af80247",
            "swewinograd/swewinograd_test.jsonl": "b3a76a5bf9a9b51d17bfa6d1396470ea7a02e0501eed496bae4e00f328cce12e",
            "swewinograd/swewinograd_train.jsonl": "0384a2fe782d60926a4de55d7d5d24191ede0c4656de0d755460331e2c249391",
        },
        licence="CC-BY-4.0",
        source="https://github.com/spraakbanken/SuperLim-2",
    ),
    "swequad-mc": DataFiles(
        folder="swequad-mc",
        base_url=f"https://raw.githubusercontent.com/dkalpakchi/SweQUAD-MC/{_SWEQUAD}",
        files={
            "data/training.json": "9a5838a315b1dd9fbb6e15e121262c3cedf09538ef3a936c18835ef433d3ad7a",
            "data/dev.json": "beff3f36a0256aa50af99ad358f7205c33dcb693c5dfbedbba7409c3839a1640",
            "data/test.json": "544289bf5c87624dd62b753c4fe5fff6023d6c426c6d33d33905033a413106cb",
        },
        licence="CC-BY-4.0",
        source="https://github.com/dkalpakchi/SweQUAD-MC",
    ),
    "ntrex": DataFiles(
        folder="ntrex-nordic",
        base_url=f"https://raw.githubusercontent.com/MicrosoftTranslator/NTREX/{_NTREX}",
        files={
            "DOCUMENT_IDS.tsv": "88a8b0ff1eae47e83f60dcde01075b8c87d75ced59ca09e0af1eb539958e05d5",
            "LICENSE.md": "5e436ff8ffbb77d8607220e9bce20c8915d860010feeb6c1ebef5a85688e9b39",
            "NTREX-128/newstest2019-ref.dan.txt": "8a246a224aa15334f6bc4c3ff3a147b94924cec5fbfeb5712ddf269489a85291",
            "NTREX-128/newstest2019-ref.nob.txt": "985a0d415478ddadca90a7d40416b907c7789bddbc9c16074702ddd03c59a498",
            "NTREX-128/newstest2019-ref.swe.txt": "a82ce7ec2097a34ca41a8e72f51d97b68f71b8facdf3467a0c5d950f350113b3",
            "NTREX-128/newstest2019-src.eng.txt": "389e8f5796c66db4f646dfad33e1ec622d74767af5ef112b42a1f2cd814df3cc",
        },
        licence="CC-BY-SA-4.0",
        source="https://github.com/MicrosoftTranslator/NTREX",
    ),
    "zaragoza-faq": DataFiles(
        folder="zaragoza-construction-faq",
        base_url=f"https://raw.githubusercontent.com/zaragoza-ab/swedish-construction-faq-1000/{_ZARAGOZA}/data",
        files={
            "faq.jsonl": "caebebbdc7ad2ad24a9d0dc184b899c274cebb888b0b1b83fbb0f9c660bcf5bc",
        },
        licence="CC-BY-4.0",
        source="https://github.com/zaragoza-ab/swedish-construction-faq-1000",
    ),
    "gec-sv": GEC_SV,
}
