"""Every word of the X-ray, in English and Chinese. Taps keep the code's names in both."""

from __future__ import annotations

from .words import LANGUAGES

#: key -> (English, Chinese)
TABLE: dict[str, tuple[str, str]] = {
    "xray": ("X-ray: what happens between photo and skeleton", "X 光：从照片到骨架之间发生了什么"),
    "hint": ("Every cell is a map of this photo. Hover to look, click to open, arrow keys to walk, Esc to close.",
             "每一格都是这张照片的一张特征图。悬停预览，点击打开，方向键移动，Esc 关闭。"),
    "zoom": ("Zoom", "缩放"),
    "fit": ("fit", "适合"),
    "scope": ("at", "范围"),
    "slider": ("Maps are enlarged by", "特征图放大方式"),
    "trained_mark": ("trained with this: {0}", "训练时使用：{0}"),
    "everywhere": ("all places", "所有位置"),
    "only": ("{0} only", "仅 {0}"),
    "legend_energy": ("Colour: root mean square over channels (heatmaps: highest joint), one range in each part:",
                      "颜色：通道均方根（热图：各关节最大值），每部分共用一个色标："),
    "same": ("same resolution", "同分辨率"),
    "up": ("1×1 convolution, then enlarged", "1×1 卷积后放大"),
    "up_hourglass": ("enlarged ×2 and added", "放大 2 倍后相加"),
    "down": ("strided 3×3 convolutions", "步长 3×3 卷积"),
    "down_hourglass": ("2×2 max pooling", "2×2 最大池化"),
    "skip": ("skip", "跳跃连接"),
    "back": ("fed back", "反馈"),
    "scale_bar": ("bar: 16 map cells, one scale for both networks; the photo is drawn at a quarter",
                  "比例尺：16 格，两个网络相同；照片缩小到四分之一"),
    "note_1": ("Figure 3 of the paper leaves open whether the 1×1 convolution or the enlargement comes first. The "
               "code, and this map, reduces first and then enlarges. At inference both give the same numbers.",
               "论文图 3 没有说明先做 1×1 卷积还是先放大。代码和本图是先卷积再放大；推理时两种顺序结果相同。"),
    "note_2": ("The CVPR paper and its code enlarge by nearest neighbour; the later journal text says bilinear. The "
               "slider shows what that changes.",
               "CVPR 论文和代码使用最近邻放大，后来的期刊版写的是双线性。滑块可以看到差别。"),
    "note_3": ("The paper's figure 1 draws the last stage like the others. In the code its last fusion makes branch "
               "0 only: the other three end here, so they are shown as they enter it.",
               "论文图 1 中最后一级与其他级画法相同；代码中最后一次融合只输出分支 0，其余三支到此为止，这里显示它们进"
               "入融合时的样子。"),
    "note_h": ("A Hourglass's heatmaps are supervised after every stack and fed back into the next. Published "
               "weights exist for two stems: 64, 128, pool, 256, 256 (drawn here) and the authors' own 64, 128, "
               "pool, 128, 256.",
               "Hourglass 的热图在每一级之后都受监督并反馈给下一级。公开权重有两种主干：64、128、池化、256、256（此图"
               "）与作者的 64、128、池化、128、256。"),
    "no_trace": ("Through MMPose there is no trace: its modules keep their own upsampling and rewrite maps in place. "
                 "Skeleton and heatmaps are shown above; choose this project's own network to look inside.",
                 "通过 MMPose 运行没有内部轨迹：其模块自带上采样并就地改写特征图。上方仍有骨架与热图；要看内部请选择"
                 "本项目自己的网络。"),
    # inspector
    "channels": ("Channels", "通道"),
    "computation": ("Computation", "计算过程"),
    "field": ("What it sees", "感受野"),
    "before_after": ("Before / after", "前后对比"),
    "close": ("Close (Esc)", "关闭（Esc）"),
    "sorted": ("sorted by", "排序"),
    "energy": ("energy", "能量"),
    "variance": ("variance", "方差"),
    "joint": ("peak near {0}", "{0} 附近的峰值"),
    "index": ("number", "编号"),
    "view_mean": ("mean", "平均"),
    "view_max": ("maximum", "最大"),
    "view_energy": ("energy", "能量"),
    "view_pca": ("first three principal components as red, green, blue: {0} of the variance",
                 "前三个主成分作为红绿蓝：占方差 {0}"),
    "channel": ("channel {0}", "通道 {0}"),
    "dead": ("{0} of {1} channels dead (the same everywhere)", "{1} 个通道中 {0} 个无响应（处处相同）"),
    "zeros": ("{0} of all values are exactly 0", "{0} 的值恰为 0"),
    "values": ("values", "数值"),
    "range_all": ("one colour range for all channels", "所有通道共用色标"),
    "stats": ("lowest {0}, mean {1}, highest {2}", "最低 {0}，平均 {1}，最高 {2}"),
    "theory": ("Theoretical: {0} × {1} px of the input, {2} of it inside",
               "理论：输入的 {0} × {1} 像素，其中 {2} 在图内"),
    "theory_note": ("From the kernels, strides and enlargements on the longest way to the centre cell.",
                    "由通往中心格最长路径上的卷积核、步长与放大倍数算出。"),
    "effective": ("Effective: how much each pixel moves the centre cell (input gradient, this photo)",
                  "有效：每个像素对中心格的影响（输入梯度，本照片）"),
    "half": ("half of it lies within {0} px of its centre", "一半集中在中心 {0} 像素之内"),
    "compute": ("Compute the effective field", "计算有效感受野"),
    "computing": ("Computing…", "计算中……"),
    # computation
    "made_from": ("Made from", "来自"),
    "relu_follows": ("ReLU", "ReLU"),
    "sum": ("sum", "和"),
    "share": ("share {0}", "占比 {0}"),
    "share_note": ("Share: a term's part of all terms' absolute values. Colour: mean over channels, one range for "
                   "the row. The terms add up to the sum within {0} of its largest value.",
                   "占比：该项绝对值占所有项之比。颜色：通道平均，本行共用色标。各项之和与结果相差不超过其最大值的 {0"
                   "}。"),
    "before_enlarged": ("before, {0}", "放大前，{0}"),
    "enlarged": ("enlarged, {0}", "放大后，{0}"),
    "fusion": ("Fusion: what every branch adds", "融合：每个分支贡献了什么"),
    "merge": ("Merge: skip plus what comes from below", "合并：跳跃连接加下层放大"),
    "feedback": ("Fed into the next stack: three terms", "送入下一级：三项相加"),
    "head_title": ("Heatmap head: which channels carry {0}", "热图头：哪些通道承载 {0}"),
    "rest": ("{0} other channels", "其余 {0} 个通道"),
    "bias": ("bias", "偏置"),
    "weight": ("weight {0}", "权重 {0}"),
    "plain": ("Not a sum of maps: one way leads here.", "不是若干图之和：只有一条路径。"),
    "all_channels": ("mean of all channels", "所有通道平均"),
    # filmstrip
    "film": ("Heatmap filmstrip: how the answer for {0} comes about", "热图胶片：{0} 的答案如何形成"),
    "all_joints": ("all joints", "所有关节"),
    "probe": ("probe", "探针"),
    "supervised": ("supervised", "受监督"),
    "output": ("output", "输出"),
    "lens_note": ("HRNet has no intermediate supervision: its frames are a probe, the final 1×1 layer applied to "
                  "branch 0 after each fusion. That layer was trained for the last fusion only, so that earlier "
                  "frames show how far the map already is, not what the network would answer.",
                  "HRNet 没有中间监督：这些帧是探针，即把最后的 1×1 层用在每次融合后的分支 0 上。该层只为最后一次融合"
                  "训练，之前的帧只表示特征走了多远，并非网络的回答。"),
    "stack_note": ("A Hourglass is trained to answer after every stack: true intermediate supervision.",
                   "Hourglass 在每一级之后都被训练作答：真正的中间监督。"),
    "frame_foot": ("peak {0} · spread {1} px · {2} px from the last", "峰值 {0} · 扩散 {1} 像素 · 距最后 {2} 像素"),
    "path": ("The peak's path on the photo, from first (small) to last (large)",
             "峰值在照片上的路径，由先（小）到后（大）"),
    "surface": ("As a surface", "三维曲面"),
    "surface_of": ("{0}: {1}", "{0}：{1}"),
    # lab
    "lab": ("Upsampling lab: the same weights and photo, enlarged in another way",
            "上采样实验室：同样的权重和照片，换一种放大方式"),
    "lab_note": ("An intervention at test time, measured here on this photo: the weights were trained with the "
                 "marked position. It does not say what training with another would give.",
                 "这是测试时的干预，在本机对这张照片测得；权重是在标出的方式下训练的，不能说明用其他方式训练会怎样。"),
    "against": ("Compare {0} with", "将 {0} 与之比较"),
    "against_label": ("compare with", "与之比较"),
    "now": ("now: {0}", "当前：{0}"),
    "trained_with": ("trained with {0}", "训练时：{0}"),
    "moved": ("How far each joint moves", "每个关节移动多远"),
    "moved_head": ("joint|pixels|torsos", "关节|像素|躯干长"),
    "which": ("Which places change their map most", "哪些位置的图变化最大"),
    "which_note": ("Bar: both ways on the same map, this place alone. Tick: with all earlier differences. Relative "
                   "to the map.",
                   "长条：同一张图、仅此位置的差别；刻度：含之前所有差别。相对于该图。"),
    "same_stop": ("Both positions are the same: nothing can differ. Choose another to compare with, or move the "
                  "slider.",
                  "两个位置相同，没有差别。请选择另一个比较对象或移动滑块。"),
    "difference": ("Signed difference, {0} minus {1}", "有符号差：{0} 减 {1}"),
    "pin_first": ("Click a cell in a map above to compare it before and after.", "点击上方任一格即可前后对比。"),
    "cell_pair": ("{0}: {1} (left) against {2} (right)", "{0}：{1}（左）对 {2}（右）"),
    # story
    "story": ("The story of {0}: from photo to skeleton", "{0} 的故事：从照片到骨架"),
    "story_note": ("A map answers where one of its channels correlates by 0.5 or more with a spot at the joint "
                   "({0}). Each map has its own colour range.",
                   "若某通道与关节处的光斑相关系数不低于 0.5，则称该图作出响应（{0}）。每张图用各自的色标。"),
    "then_peak": ("Then the heatmap's peak (circle), and the marked place where there is one (diamond):",
                  "随后是热图的峰值（圆圈），有标注时以菱形标出："),
    "truth_given": ("place: marked by hand", "位置：人工标注"),
    "truth_none": ("place: the network's own answer, no label here", "位置：网络自己的答案，此处无标注"),
    "first_answers": ("First to answer: {0}, channel {1} ({2})", "最先响应：{0}，通道 {1}（{2}）"),
    "nobody_answers": ("No map answers clearly; strongest is {0}, channel {1} ({2})",
                       "没有明确响应；最强为 {0}，通道 {1}（{2}）"),
    "forms": ("forms", "形成"),
    "stays": ("stays", "停留"),
    "moves": ("moves", "移动"),
    "jumps": ("jumps to the other side", "跳到另一侧"),
    "elsewhere": ("on the other side", "在另一侧"),
    "astray": ("far from it", "远离关节"),
    "returns": ("comes back", "回到本侧"),
    "off_by": ("{0} px off", "偏离 {0} 像素"),
    # exports
    "take": ("Take it away", "导出"),
    "take_png": ("This view as PNG", "此视图为 PNG"),
    "take_svg": ("Map as SVG", "图为 SVG"),
    "take_json": ("Joints as COCO JSON", "关节为 COCO JSON"),
    "take_npz": ("Maps as .npz", "特征图为 .npz"),
    "take_report": ("Whole report (HTML)", "完整报告（HTML）"),
    "take_link": ("Copy a link", "复制链接"),
    "copied": ("Copied. A photo of your own is not part of it.", "已复制。您自己的照片不包含在内。"),
    "times": ("{0}×", "{0} 倍"),
    "too_large": ("These maps are {0} MB; at most {1} MB travel at once. Open a cell and take its maps alone.",
                  "这些图共 {0} MB，一次最多 {1} MB。请打开一格，只导出该格。"),
    # cost
    "costs": ("What each part costs", "每部分的开销"),
    "parameters": ("million parameters", "参数（百万）"),
    "milliseconds": ("milliseconds ({0})", "毫秒（{0}）"),
    "memory": ("MB of maps", "特征图（MB）"),
    "cost_here": ("{0}: {1} M parameters, {2} GMAC at {4} (in the unit HRNet prints as \"GFLOPs\": {3}), counted here.",
                  "{0}：{1} M 参数，{4} 输入时 {2} GMAC（按 HRNet 所称 GFLOPs：{3}），本机统计。"),
    "was_published": ("Published: {0} M, {1} \"GFLOPs\" ({2}).", "已发表：{0} M，{1} “GFLOPs”（{2}）。"),
    "not_published": ("Nobody published figures for this body.", "该结构没有已发表的数字。"),
    "cost_note": ("GMAC: 1e9 multiply-adds of the convolutions. HRNet's papers print multiply-adds divided by 2^30 "
                  "as \"GFLOPs\"; its figures for the Hourglass do not reproduce, so both are shown.",
                  "GMAC：卷积的十亿次乘加。HRNet 论文把乘加数除以 2^30 称为 GFLOPs；其中 Hourglass 的数字无法复现，因"
                  "此两者都列出。"),
    "measure": ("Measure here", "在本机测量"),
    "as_trained": ("how each was trained", "各自训练时的方式"),
    "film_short": ("filmstrip", "胶片"),
    "lab_short": ("upsampling lab", "上采样实验室"),
    "story_short": ("story", "故事"),
    "joint_label": ("Joint", "关节"),
    # trouble
    "gone": ("This comparison is no longer kept here; choose the photo again.",
             "该比较已不在此保存；请重新选择照片。"),
    "wrong": ("That cannot be shown.", "无法显示。"),
    "failed": ("Something went wrong in the app; its log says why.", "程序出错，原因见日志。"),
}  # fmt: skip


def table(language: str) -> dict[str, str]:
    """{key: text} for the browser."""
    column = list(LANGUAGES).index(language)
    return {key: texts[column] for key, texts in TABLE.items()}


def say(language: str, key: str, *parts: object) -> str:
    """One text, its {0}, {1}, ... filled. Raises KeyError for a key that the table has not."""
    return TABLE[key][list(LANGUAGES).index(language)].format(*parts)
