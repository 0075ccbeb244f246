"""A plan is every combination of values, seeds and controls; what is no plan is refused in a line."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_core.errors import DataError, SettingError
from lp_core.run.sweep_plan import Cell, SweepPlan, parsed_seeds, parsed_variation
from lp_core.setting_names import setting_roles, setting_values, with_settings
from lp_core.settings import Recipe

BASE = Recipe(name="any")
LAWS = {"view.law": ("monopole", "opencv")}
WIDTHS = {"network.width": (0.125, 0.25, 1.0)}


def plan(**changed) -> SweepPlan:
    return SweepPlan(**{"base": BASE} | changed)


def runs(cells: list[Cell]) -> list[str]:
    return [cell.run for cell in cells]


def test_nothing_varied_is_the_variant_base():
    (cell,) = plan().cells()
    assert (cell.run, cell.control, cell.varied, cell.recipe) == ("base/seed-0", "none", {}, BASE)


def test_cells_are_ordered_by_seed_and_controls_follow_their_seed():
    assert runs(plan(seeds=(0, 5), vary=LAWS, controls=("shuffled",)).cells()) == [
        f"law={law}/{kind}seed-{seed}" for seed in (0, 5) for kind in ("", "shuffled-") for law in LAWS["view.law"]
    ]


@given(
    seeds=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3, unique=True),
    laws=st.lists(st.sampled_from(["monopole", "opencv", "paper-2018"]), min_size=1, unique=True),
    widths=st.lists(st.sampled_from([0.125, 0.25, 0.5, 1.0]), min_size=1, unique=True),
    controls=st.lists(st.sampled_from(["untrained", "shuffled"]), unique=True),
)
def test_every_combination_is_there_once(seeds, laws, widths, controls):
    vary = {"view.law": tuple(laws), "network.width": tuple(widths)}
    cells = plan(seeds=tuple(seeds), vary=vary, controls=tuple(controls)).cells()
    kinds = ["none"] + ["shuffled"] * ("shuffled" in controls)
    expected = set(itertools.product(seeds, kinds, laws, widths))
    found = [
        (cell.recipe.seed, cell.control, cell.recipe.geometry.law, cell.recipe.network.width)
        for cell in cells  # in the cell's own settings, not in its name
    ]
    assert len(found) == len(expected) == len(set(runs(cells)))
    assert set(found) == expected


def test_a_cell_differs_from_the_base_in_what_its_place_says():
    cells = plan(seeds=(3,), vary=LAWS, controls=("untrained", "shuffled")).cells()
    base = setting_values(BASE)
    for cell in cells:
        changed = {name: value for name, value in setting_values(cell.recipe).items() if value != base[name]}
        assert changed.pop("seed") == 3
        assert changed.pop("scan.checkpoints") == "0"
        assert changed.pop("data.shuffle-labels", False) is (cell.control == "shuffled")
        assert changed.pop("view.law", "monopole") == cell.varied["view.law"]
        assert changed == {}


@pytest.mark.parametrize(("asked", "scanned"), [("none", "0"), ("all", "all"), ("3,6", "0,3,6"), ("0,3", "0,3")])
def test_untrained_scans_epoch_0_besides_the_others(asked, scanned):
    base = with_settings(BASE, {"scan.checkpoints": asked})
    assert plan(base=base, controls=("untrained",)).cells()[0].recipe.scan.checkpoints == scanned
    assert plan(base=base).cells()[0].recipe.scan.checkpoints == asked


@pytest.mark.parametrize(
    ("vary", "variants"),
    [
        ({"view.law": ("paper-2018",)}, ["law=paper-2018"]),
        ({"data.limit": (None, 64)}, ["limit=None", "limit=64"]),
        ({"view.prefilter": (True, False)}, ["prefilter=True", "prefilter=False"]),
        ({"data.crop-scale": ((0.5, 1.0),)}, ["crop-scale=0.5_1"]),
        ({"train.batch-size": (64, 32), "scan.batch-size": (8,)}, None),
        ({"train.learning-rate": (1e-3, 1e-5)}, ["learning-rate=0.001", "learning-rate=1e-05"]),
    ],
)
def test_names_are_short_where_they_are_clear(vary, variants):
    expected = variants or [f"train.batch-size={size},scan.batch-size=8" for size in (64, 32)]
    assert [cell.variant for cell in plan(vary=vary).cells()] == expected


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("1", (0,)), ("8", tuple(range(8))), ("3,5,7", (3, 5, 7)), ("3,", (3,)), (" 7, 2 ", (7, 2))],
)
def test_seeds(text, seeds):
    assert parsed_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", ",", "0", "-1", "1.5", "a", "3;5", "3,b", "10001", "²"])
def test_what_is_no_seeds_is_refused(text):
    with pytest.raises(SettingError, match=r"^seeds is .*; give"):
        parsed_seeds(text)


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("view.law=monopole,opencv", "view.law", ("monopole", "opencv")),
        ("train.batch_size = 32, 64", "train.batch-size", (32, 64)),
        ("data.crop-scale=0.5 1,0.08 1", "data.crop-scale", ((0.5, 1.0), (0.08, 1.0))),
        ("data.limit=none,100", "data.limit", (None, 100)),
        ("view.prefilter=true,false", "view.prefilter", (True, False)),
        ("view.radius=corner,40", "view.radius", ("corner", 40.0)),
    ],
)
def test_variations(text, name, values):
    assert parsed_variation(text, BASE) == (name, values)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("view.law", "'view.law' varies nothing; give SETTING=VALUE"),
        ("view.law=", "view.law is varied with an empty value"),
        ("view.law=opencv,,monopole", "view.law is varied with an empty value"),
        ("view.laww=opencv", "unknown setting 'view.laww'; did you mean view.law?"),
        ("law=opencv", "unknown setting 'law'; did you mean view.law?"),
        ("nothing=1", "unknown setting 'nothing'; there are recipe, seed"),
        ("seed=1,2", "seed is varied; list the seeds"),
        ("data.shuffle-labels=true", "data.shuffle-labels is varied; ask for the control shuffled"),
    ],
)
def test_what_is_no_variation_is_refused(text, says):
    with pytest.raises(SettingError) as error:
        parsed_variation(text, BASE)
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("view.law=opencvv", "law=opencvv, seed 0: view.law is opencvv; give one of monopole, opencv"),
        ("train.epochs=2.5", "epochs=2.5, seed 0: train.epochs is 2.5; give at least 1"),
        ("train.epochs=3,0", "epochs=0, seed 0: train.epochs is 0; give at least 1"),
        ("train.learning-rate=nan", "learning-rate=nan, seed 0: train.learning-rate is nan; give a positive number"),
        ("data.crop-scale=0.5", "crop-scale=0.5, seed 0: data.crop-scale is 0.5; give two shares"),
        ("view.prefilter=1", "prefilter=1, seed 0: view.prefilter is 1; give true or false"),
        ("view.size=50", "size=50, seed 0: view.size is 50, and with network.angle-padding circular"),
    ],
)
def test_values_that_are_not_allowed_are_refused(text, says):
    base = with_settings(BASE, {"network.angle-padding": "circular"})
    with pytest.raises(SettingError) as error:
        plan(base=base, vary=dict([parsed_variation(text, base)])).cells()
    assert str(error.value).startswith(f"variant {says}")


def test_values_need_to_fit_together_only():
    vary = {"data.lanes": (64,), "train.batch-size": (64,)}
    base = with_settings(BASE, {"train.batch-size": 32})
    assert len(plan(base=base, vary=vary).cells()) == 1


@pytest.mark.parametrize("name", [name for name, role in setting_roles(BASE).items() if role != "result"])
def test_settings_that_decide_no_result_are_not_varied(name):
    with pytest.raises(SettingError, match=f"^{name} is varied, but decides no result"):
        plan(vary={name: (setting_values(BASE)[name],)})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": (3, 3)}, "seeds names 3 twice"),
        ({"controls": ("untraind",)}, "unknown control 'untraind'; did you mean untrained?"),
        ({"controls": ("zzz",)}, "unknown control 'zzz'; there are untrained, shuffled"),
        ({"controls": ("shuffled", "shuffled")}, "controls names shuffled twice"),
        ({"vary": {"view.law": ()}}, "view.law is varied without values"),
        ({"vary": {"view.law": ("opencv", "opencv")}}, "view.law names opencv twice"),
        ({"vary": {"train.learning-rate": (0.5, 0.50)}}, "train.learning-rate names 0.5 twice"),
        ({"vary": {"view.what": (1,)}}, "unknown setting 'view.what'"),
    ],
)
def test_what_is_no_plan_is_refused(changed, says):
    with pytest.raises(SettingError, match=says.replace("?", r"\?")):
        plan(**changed)


def test_combinations_that_are_not_allowed_are_named():
    with pytest.raises(SettingError, match=r"^variant lanes=64,batch-size=32, seed 0: train.batch-size is 32, less"):
        plan(vary={"data.lanes": (8, 64), "train.batch-size": (32, 256)}).cells()
    with pytest.raises(SettingError, match=r"^variant base, seed -1: seed is -1; give 0 or more"):
        plan(seeds=(-1,)).cells()


def test_values_with_one_name_are_refused():
    with pytest.raises(SettingError, match="has 298 characters; vary fewer"):
        plan(vary={"visualize.channels": (",".join(map(str, range(100))),)}).cells()
    with pytest.raises(SettingError, match=r"would both be named layers=a_b; leave out one"):
        plan(vary={"visualize.layers": (("a", "b"), ("a_b",))}).cells()


def test_a_plan_survives_json():
    whole = plan(
        base=with_settings(BASE, {"train.epochs": 7, "data.crop-scale": (0.5, 1.0)}),
        seeds=(5, 3),
        vary={"data.crop-ratio": ((0.5, 2.0), (1.0, 1.0)), **LAWS, "data.limit": (None, 9)},
        controls=("shuffled",),
    )
    assert SweepPlan.from_dict(json.loads(json.dumps(whole.to_dict())), "sweep.json") == whole


@pytest.mark.parametrize("content", [None, 3, [], {}, {"format": 2}, {"format": 1}, {"format": 1, "vary": []}])
def test_what_is_no_plan_in_a_file_names_the_file(content):
    with pytest.raises(DataError, match=r"^S/sweep.json: (format|not the plan)"):
        SweepPlan.from_dict(content, "S/sweep.json")


def test_plans_add_up():
    first = plan(seeds=(0, 1), vary=LAWS)
    second = plan(seeds=(5, 1), vary={"view.law": ("paper-2018", "opencv")}, controls=("untrained",))
    joined = first.joined(second)
    assert joined.seeds == (0, 1, 5)
    assert joined.vary == {"view.law": ("monopole", "opencv", "paper-2018")}
    assert joined.controls == ("untrained",)
    assert set(runs(first.cells())) | set(runs(second.cells())) <= set(runs(joined.cells()))
    assert joined.joined(second) == joined
    assert first.joined(first) == first


@pytest.mark.parametrize("name", [name for name, role in setting_roles(BASE).items() if role != "result"])
def test_what_decides_no_result_may_change(name):
    other = {"recipe": "any", "views": ("log_polar",), "data.path": "/elsewhere", "scan.checkpoints": "2"}
    value = other.get(name, setting_values(BASE)[name])
    changed = plan(base=with_settings(BASE, {name: value}))
    assert plan().joined(changed).base == changed.base


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (plan(base=replace(BASE, name="other")), "recipe is other, but the folder holds a sweep of recipe any"),
        (plan(vary=WIDTHS), "network.width is varied, but the folder's sweep varies view.law"),
        (plan(vary=LAWS | WIDTHS), "view.law, network.width is varied, but the folder's sweep varies view.law"),
        (plan(), "nothing is varied, but the folder's sweep varies view.law"),
        (
            plan(base=with_settings(BASE, {"train.epochs": 3}), vary=LAWS),
            "train.epochs is 3, but the folder holds a sweep with 100",
        ),
    ],
)
def test_another_plan_is_refused_with_the_part_that_differs(second, says):
    with pytest.raises(SettingError, match=f"^{says}$"):
        plan(vary=LAWS).joined(second)
