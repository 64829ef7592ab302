"""What stands under the heading of a section: how to read its figures, so that their captions need not say it again."""

ACCURACY = (
    "Raw: no tie threshold. Calibrated: the threshold that fits these pairs best, hence optimistic. Held-out: the threshold "
    "of other items, what to expect on new ones. A metric shows something where it clears the floor, which always tying or "
    "guessing reaches, and the sentinels, which know nothing of quality; * marks a metric that is tested to beat each of "
    "them."
)
ADVICE = "Where a metric may stand in for people, and where only people can tell. The rule is that of harness advise."
CONSTRUCTED = "Which metrics prefer the better answer more often than guessing would; no person judged these answers."
CURVES = (
    "How much of a metric's accuracy comes from calling answers equal, and how much from ordering them. Two answers tie for "
    "a metric whose scores differ by at most epsilon; as scales differ, the axis shows the share of all pairs that the "
    "metric then ties: at the right it ties all, as the constant metric does. A curve that only rises gains by tying alone."
)
SCORES = (
    "Does the score rise with what people say? Boxes: median, middle half and middle 90 % of the scores of all answers rated "
    "alike. Boxes that overlap much mean that the score hardly tells the ratings apart."
)
SLICES = (
    "Where a metric does better or worse. Exploratory: a slice is a question for the next data, not an answer. Compare along "
    "a row, with its floor and its best sentinel (chosen with hindsight); the floor changes from row to row, so columns do "
    "not compare."
)
PHENOMENA = "What each metric notices and what it is blind to; with few pairs a row, read the intervals."
WORST = (
    "What a metric takes for quality: pairs that people (or a set's construction) order one way and the metric the other. "
    "How far apart each side puts a pair is ranked among all pairs, and the smaller of the two ranks says how bad it is. "
    "They are chosen for being bad: no fair sample. Marked words also stand in a reference."
)
SYSTEMS = (
    "Do the metrics put the systems in the order that people do? Each metric is on its own scale; intervals that overlap do not "
    "prove that systems are alike."
)
