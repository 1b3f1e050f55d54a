"""The locale files: every language says everything, and with the same blanks."""

import pickle
import re
from pathlib import Path

import pytest

from pose_demo import locales
from pose_demo.joints import JOINT_SETS
from pose_demo.locales import UserError, said, say, tell
from pose_demo.networks.upsampling import STOPS
from pose_demo.photo import PhotoError

BLANK = re.compile(r"\{(\w+(?::[^}]+)?)\}")


@pytest.mark.parametrize("language", locales.LANGUAGES)
def test_every_language_says_everything_with_the_same_blanks(language):
    english, texts = locales.table("en"), locales.table(language)
    assert texts.keys() == english.keys() and list(texts) == sorted(texts)
    lines = (Path(locales.__file__).parent / f"{language}.json").read_text(encoding="utf-8").count('\n "')
    assert lines == len(texts), "a key stands there twice"
    for key, text in texts.items():
        assert text.strip(), key
        assert set(BLANK.findall(text)) <= set(BLANK.findall(english[key])), key
    for group, words in (("joint", [j for known in JOINT_SETS.values() for j in known.joints]), ("stop", STOPS)):
        assert all(f"{group}.{word}" in texts for word in words)


#: A term, and its one word in Chinese.
TERMS = [
    (r"\bskips?\b", "跳跃连接"),
    (r"\bstacks?\b", "堆叠"),
    (r"\bstages?\b", "阶段"),
    (r"\bresidual units?\b", "残差单元"),
]


def test_a_term_has_one_word_in_chinese_and_sentences_full_marks():
    for key, text in locales.table("zh").items():
        english = locales.table("en")[key].lower()
        assert not [word for term, word in TERMS if re.search(term, english) and word not in text], (key, text)
        assert not re.search("(?<!髋)关节(?!点)", text), (key, "a joint is 关节点")
        assert "unit" in english or not re.search("单元(?!格)", text), (key, "a cell is 格")
        said = re.sub(r"\[.*?\]", "", BLANK.sub("", text))  # without blanks and lists as they are typed
        assert not re.search(r"[\u4e00-\u9fff”][,;:!?]|[,;:!?][\u4e00-\u9fff“]", said), (key, text)


def test_blanks():
    assert locales.say("en", "xray.zeros", share=0.123) == "12% of all values are exactly 0"
    assert "右腕" in locales.say("zh", "xray.film", joint="right wrist")
    assert locales.say("en", "xray.side", network="A", stops=["nearest", "bicubic"]) == "A, nearest / bicubic"
    assert locales.word("zh", "joint", "third hand") == "third hand"
    with pytest.raises(KeyError):
        locales.say("en", "xray.zeros")
    with pytest.raises(ValueError, match="no language 'xx'"):
        locales.say("xx", "xray.zeros", share=0)


def test_an_error_is_a_key_its_values_and_an_english_sentence():
    error = locales.UserError("xray.too_large", megabytes=50, most=48)
    assert error.key == "xray.too_large" and error.values == {"megabytes": 50, "most": 48}
    assert str(error).startswith("These maps are 50 MB") and isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(PhotoError(error.key, **error.values)))
    assert isinstance(again, PhotoError) and again.said == error.said


def test_the_browsers_language():
    assert locales.preferred("fr-FR,zh-CN;q=0.8,en;q=0.7") == "zh"
    assert locales.preferred("") == "en"


def test_a_value_may_be_said_by_a_key_itself():
    inner = said("box.empty", box=said("box.turned", box="1"))
    assert say("en", "box.empty", box=[inner, 2]).count("has no extent") == 2
    error = UserError("box.empty", box=Path("a"))
    assert error.said == {"key": "box.empty", "values": {"box": "a"}} and str(error) == tell("en", error.said)
