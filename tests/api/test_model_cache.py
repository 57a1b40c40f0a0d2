import pytest

from tests.support.api import cache, manifest, refused, refused_update


@pytest.mark.parametrize("repo", ["Qwen/Qwen3-8B", "gpt2", "org/name.with-dots_1"])
def test_a_cache_names_a_repository(repo: str) -> None:
    assert refused(cache(repo=repo, revision="refs/pr/1")) == []


@pytest.mark.parametrize("repo", ["Qwen/Qwen3-8B; rm -rf /", "a/b/c", "-x", "$(id)", "a b"])
def test_a_cache_of_what_is_no_repository_is_refused(repo: str) -> None:
    assert refused(cache(repo=repo)) == [
        f'spec.huggingFace.repo: must be a Hugging Face repository such as "Qwen/Qwen3-8B", not "{repo}"'
    ]


def test_a_revision_is_a_branch_a_tag_or_a_commit() -> None:
    assert refused(cache(revision="main")) == []
    assert refused(cache(revision="main; id")) == [
        (
            "spec.huggingFace.revision: must be a branch, a tag or a commit: letters, digits, '.', '_', '/', '+'"
            " and '-', not \"main; id\""
        )
    ]


def test_a_cache_needs_the_block_of_its_source() -> None:
    assert refused(manifest("ModelCache", {"source": "HuggingFace"})) == [
        "spec: spec.huggingFace is required for source HuggingFace"
    ]


def test_the_repository_of_a_cache_cannot_be_changed() -> None:
    assert refused_update(cache(), cache(sizeGiB=80, revision="v2")) == []
    assert refused_update(cache(), cache(repo="Qwen/Qwen3-32B")) == [
        "spec.huggingFace.repo: the repository of a cache cannot be changed: make another ModelCache"
    ]
