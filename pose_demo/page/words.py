"""Every word that the page says, in English and Chinese. Networks' names and data sets' names stay as they are."""

from __future__ import annotations

LANGUAGES = {"en": "English", "zh": "中文"}

#: key -> (English, Chinese)
TABLE: dict[str, tuple[str, str]] = {
    # header
    "title": ("Pose X-ray", "姿态 X 光"),
    "subtitle": ("One photo, two networks: HRNet and Stacked Hourglass side by side",
                 "一张照片，两个网络：HRNet 与 Stacked Hourglass 并排对比"),
    "dark": ("Dark or light", "深色或浅色"),
    "language": ("Language", "语言"),
    # the tabs, and the study
    "tab_photo": ("Photo", "照片"),
    "tab_study": ("Study", "研究"),
    "study_ask": ("What was asked of many photos", "对大量照片提出的问题"),
    "study_accuracy": ("How right is each network?", "每个网络有多准？"),
    "study_upsampling": ("Does the slider matter?", "放大方式有影响吗？"),
    "study_depth": ("How right on the way?", "中间各步有多准？"),
    "study_resolution": ("What does a larger input buy?", "更大的输入有何收获？"),
    "study_faults": ("Which errors do they make?", "它们会犯哪些错误？"),
    "study_experiments": ("What is still to be trained?", "还有哪些待训练？"),
    # the photo
    "photo": ("Photo", "照片"),
    "upload": ("Upload", "上传"),
    "upload_hint": ("Choose a photo. You can also drop one anywhere on the page, or paste one with Ctrl+V.",
                    "选择照片；也可以把照片拖到页面任意位置，或按 Ctrl+V 粘贴。"),
    "webcam": ("Webcam", "摄像头"),
    "snap": ("Take the picture", "拍照"),
    "cancel": ("Cancel", "取消"),
    "draw_box": ("Draw box", "画框"),
    "draw_box_hint": ("Drag on the photo around one person", "在照片上拖动，框住一个人"),
    "clear_box": ("Clear box", "清除框"),
    "box_numbers": ("Person box in numbers", "用数字输入人物框"),
    "box_left": ("left", "左"),
    "box_top": ("top", "上"),
    "box_right": ("right", "右"),
    "box_bottom": ("bottom", "下"),
    "apply": ("Apply", "应用"),
    "box_given": ("Box: as given", "人物框：已指定"),
    "box_found": ("Box: found by the network, confidence {0}", "人物框：由网络找到，置信度 {0}"),
    "box_none": ("No box: the network finds the person", "未画框：由网络寻找人物"),
    "box_bad": ("A box needs four numbers: left below right, top below bottom, in pixels of the photo.",
                "人物框需要四个数（照片像素）：左小于右，上小于下。"),
    "examples": ("Examples", "示例"),
    "hard": ("hard", "难"),
    "look_for": ("What to look for: ", "看点："),
    "drop": ("Drop the photo here", "把照片放在这里"),
    "uploading": ("Uploading…", "正在上传……"),
    "reading": ("Reading the photo…", "正在读取照片……"),
    "upload_failed": ("The photo could not be uploaded; it may be larger than {0} MB, or the connection broke.",
                      "照片无法上传：可能超过 {0} MB，或连接中断。"),
    "not_image": ("What was pasted or dropped holds no image file.", "粘贴或拖入的内容里没有图像文件。"),
    "webcam_refused": ("The browser did not allow the webcam; allow it in the address bar, or upload a photo.",
                       "浏览器未允许使用摄像头；请在地址栏中允许，或上传照片。"),
    "webcam_none": ("No webcam can be used here; upload a photo instead.", "这里没有可用的摄像头；请上传照片。"),
    "foreign_file": ("Only a photo uploaded to this page can be opened.", "只能打开上传到本页面的照片。"),
    "no_example": ("There is no such example.", "没有这个示例。"),
    # controls
    "left": ("Left network", "左侧网络"),
    "right": ("Right network", "右侧网络"),
    "not_here": ("weights not here", "权重不在本机"),
    "stop": ("How both networks enlarge their maps", "两个网络放大特征图的方式"),
    "nearest": ("nearest", "最近邻"),
    "bilinear": ("bilinear", "双线性"),
    "bicubic": ("bicubic", "双三次"),
    "bilinear-corners": ("bilinear corners", "双线性 角对齐"),
    "trained_with": ("{0}: trained with {1}", "{0}：训练时用{1}"),
    "both_trained_with": ("Both were trained with {1}", "两者训练时均用{1}"),
    "threshold": ("Show joints that score at least", "显示得分不低于此值的关节"),
    "joint": ("Heatmaps of", "热图关节"),
    "more": ("Decoder and flip test", "解码与翻转测试"),
    "decoder": ("Peak to joint", "由峰值到关节"),
    "argmax": ("argmax, shifted a quarter cell", "argmax，偏移四分之一格"),
    "dark_decoder": ("DARK", "DARK"),
    "flip": ("Flip test (average with the mirrored photo)", "翻转测试（与镜像照片取平均）"),
    # weights
    "missing": ("The weights of {0} are not on this machine. Size: unknown until the download begins. From {1}, {2}.",
                "{0} 的权重不在本机。大小：开始下载后才知道。来源：{1}，{2}。"),
    "by_hand": ("The weights of {0} are not on this machine, and no program can download them: get {1} from {2}.",
                "{0} 的权重不在本机，也无法由程序下载：请从 {2} 获取 {1}。"),
    "no_mmpose": ("{0} runs through MMPose, which is not installed here.", "{0} 需要 MMPose，而这里没有安装。"),
    "fetch": ("Fetch weights", "下载权重"),
    "import": ("Import a file", "导入文件"),
    "fetching": ("{0}: {1} MB of {2}", "{0}：{1} MB / {2}"),
    "unknown": ("unknown", "未知"),
    "cannot_run": ("{0} cannot look at the photo yet: its weights are not on this machine. Fetch them beside its name, "
                   "or choose another network.",
                   "{0} 还不能运行：权重不在本机。请在其名称下方下载，或选择其他网络。"),
    # results
    "results": ("Results", "结果"),
    "untrained": ("UNTRAINED", "未训练"),
    "pass": ("forward pass {0}", "前向 {0}"),
    "joints_shown": ("{0} of {1} joints shown", "显示 {0} / {1} 个关节"),
    "legend_right": ("the person's own right", "人物自己的右侧"),
    "legend_left": ("the person's own left", "人物自己的左侧"),
    "legend_middle": ("middle", "中线"),
    "both": ("Both skeletons", "两副骨架"),
    "both_key": ("{0} solid, {1} dashed", "{0} 实线，{1} 虚线"),
    "distance_line": ("distance of a joint", "关节间距"),
    "table": ("Where they differ", "差别在哪里"),
    "table_joint": ("Joint", "关节"),
    "table_score": ("score", "得分"),
    "table_px": ("Distance, pixels", "距离（像素）"),
    "table_torsos": ("torsos", "躯干长"),
    "mean": ("mean", "平均"),
    "below": ("below the threshold", "低于阈值"),
    "table_note": ("Scores are heights of heatmap peaks, not probabilities. A torso is the first network's left "
                   "shoulder to right hip, {0} px here. Click a joint to see its heatmaps.",
                   "得分是热图峰值高度，不是概率。躯干长为第一个网络的左肩到右髋，此处 {0} 像素。点击关节可看其热图。"),
    "no_shared": ("These two networks share no joint.", "这两个网络没有共同的关节。"),
    "heatmaps": ("Heatmaps: {0}", "热图：{0}"),
    "heatmap_note": ("What each network answers for this joint, one picture for each supervision, over what it saw. "
                     "One colour scale for all.",
                     "每个网络对该关节的回答：每次监督一张图，叠加在其输入上。所有图共用一个色标。"),
    "supervision": ("stack {0}", "第 {0} 级"),
    "answer": ("answer", "最终结果"),
    "no_joint": ("has no such joint", "没有这个关节"),
    "cost": ("What it cost here", "这里的开销"),
    "cost_note": ("Milliseconds of {0} on this machine ({1}), measured just now.",
                  "本机（{1}）{0}的毫秒数，刚刚测得。"),
    "passes_one": ("one forward pass each", "各一次前向"),
    "passes_flip": ("two forward passes each, for the flip test", "各两次前向（翻转测试）"),
    "waiting": ("Waiting for another visitor's photo…", "正在等待其他访客的照片……"),
    "looking": ("The networks look at the photo…", "网络正在看照片……"),
    "starting": ("Starting: the networks are being loaded…", "正在启动：加载网络……"),
    "failed": ("Something went wrong in the app; the results below are the last that worked.",
               "程序出错；下面是上一次成功的结果。"),
    "expired": ("This page was idle for long and its photo was let go; choose a photo again.",
                "页面闲置太久，照片已释放；请重新选择照片。"),
}  # fmt: skip

#: What comparison.compare tells on its way, by its first words.
_TOLD = {"loading the networks": "正在加载网络", "looking for the person": "正在寻找人物"}

_JOINTS = {
    "nose": "鼻", "eye": "眼", "ear": "耳", "shoulder": "肩", "elbow": "肘", "wrist": "腕", "hip": "髋", "knee": "膝",
    "ankle": "踝", "pelvis": "骨盆", "thorax": "胸", "neck": "颈", "head top": "头顶",
}  # fmt: skip

_STATUS = {
    "untrained": "未训练",
    "published": "已发表的权重",
    "trained briefly on a CPU": "在 CPU 上短暂训练",
}


def table(language: str) -> dict[str, str]:
    """{key: text} for the browser."""
    column = list(LANGUAGES).index(language)
    return {key: texts[column] for key, texts in TABLE.items()}


def say(language: str, key: str, *parts: object) -> str:
    """One text, its {0}, {1}, ... filled. Raises KeyError for a key that the table has not."""
    return TABLE[key][list(LANGUAGES).index(language)].format(*parts)


def joint(language: str, name: str) -> str:
    """ "right wrist" as the page says it."""
    if language == "en":
        return name
    side, _, part = name.partition(" ")
    if side in ("left", "right"):
        return ("左" if side == "left" else "右") + _JOINTS.get(part, part)
    return _JOINTS.get(name, name)


def status(language: str, of_weights: str) -> str:
    """How the weights were trained: as the manifest has it where there is no translation."""
    return of_weights if language == "en" else _STATUS.get(of_weights, of_weights)


def told(language: str, what: str) -> str:
    """What compare() tells of its progress, as a line on the page."""
    if language == "en":
        return what[:1].upper() + what[1:] + "…"
    return _TOLD.get(what, what) + "……"


def preferred(accept_language: str) -> str:
    """The first of our languages in a browser's Accept-Language, else English."""
    for part in accept_language.lower().split(","):
        code = part.strip()[:2]
        if code in LANGUAGES:
            return code
    return "en"
