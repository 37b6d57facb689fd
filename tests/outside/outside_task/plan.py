"Pictures told apart by one linear layer: what suits the data"
from autolearn.core import UserError
from autolearn.records import Recipe
from autolearn.tasks.image_classification import check_profile, example # noqa: F401 (its data serve here, too)

name,medium,recipes = 'picture_lines','image','outside_task.recipe'

def metrics(profile): return dict(accuracy='up')
def sniff(profile): return .1 if profile.medium==medium else 0. # whoever wants it asks for it
def space(profile): return dict(bs=[32, 64])

def check_choices(recipe):
    for k in ('shape', 'bs', 'lr', 'epochs', 'cuts', 'seed'):
        if k not in recipe.choices: raise UserError(f"The recipe lacks the choice {k!r}.")
    if not (isinstance(recipe.shape, list) and all(0<o<200 for o in recipe.shape)): raise UserError(f"'shape' cannot be {recipe.shape!r}.")

def portfolio(profile, secs, device='cpu'):
    return [Recipe(name, dict(shape=[1, profile.stats['height'][1], profile.stats['width'][1]], bs=64, lr=None, epochs=12, cuts=[], seed=0))]
