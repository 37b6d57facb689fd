"""An autonomous learner you can read: data and a time budget in, a tested model and the notebook that made it out

Modules:

- `autolearn.encoder`: Begin with a net that has read a library
- `autolearn.evaluate`: A table of answers: scores with intervals, mistakes, calibration, and which of two models is better
- `autolearn.fastdata`: Pictures decoded once, batches made by indexing
- `autolearn.gan`: A generator and a critic as one fastai model, and the judge who watches them
- `autolearn.gannets`: A generator, the critic it learns against, and what each of them is told
- `autolearn.language`: What comes next? A net that reads on, counts that do without one, and dice
- `autolearn.layers`: Nets from small blocks, each of which may end up in somebody's notebook
- `autolearn.loader`: For data that are in memory already
- `autolearn.media.image`: Read them, name them by their pixels, measure them, find what is wrong
- `autolearn.media.text`: Read them, name them by their characters, measure them, find what is wrong
- `autolearn.pretrained`: Begin with a net that has seen a million photographs
- `autolearn.profile`: What are the data like, and what is wrong with them?
- `autolearn.reading`: Texts without labels teach a net what words mean, before those with labels teach it what to say
- `autolearn.recipes.image_classification`: From a table of pictures to a tested net, with fastai
- `autolearn.recipes.image_generation`: From pictures to a net that makes the like, with fastai
- `autolearn.recipes.text_classification`: From a table of texts to a tested model, with fastai
- `autolearn.recipes.text_generation`: From a book or a list to a model that writes the like, with fastai
- `autolearn.sources.archive`: A zip or tar file with class folders in it, unpacked without trust
- `autolearn.sources.arrays`: Pictures and labels as NumPy arrays, in memory or in an .npz file
- `autolearn.sources.corpus`: Books, lines and files: what one can learn to write from
- `autolearn.sources.folder`: One folder for each class, perhaps below folders for train, validation and test; or pictures of which nobody says what they show
- `autolearn.sources.idx`: The format of MNIST and its many children: all pictures in one file, all labels in another
- `autolearn.sources.labels`: What pictures show, written down in JSON: as a list, by file, or as COCO does
- `autolearn.sources.tables`: A column says where each picture is, another what it shows
- `autolearn.sources.texts`: What is written, and what it is about
- `autolearn.split`: Rows to learn from, to choose with, and to be tested on
- `autolearn.textdata`: Words in rows of numbers, batches of like length
- `autolearn.textgan`: A second net tells what was written from what was read, and the first learns from it, if that helps
- `autolearn.textlayers`: Vectors of words, a body that reads them, and several such nets side by side
- `autolearn.textstream`: Characters or words as numbers, and batches in which each row reads on where it ended
- `autolearn.train`: Seeds, pace and checkpoints: what a fit needs beside fastai"""
