"Metadata from settings.ini; what is static stands in pyproject.toml"
from configparser import ConfigParser
from pathlib import Path
from setuptools import setup

ini = ConfigParser(delimiters=['='], interpolation=None)
ini.read('settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
stages = ['1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable']

def words(key): return cfg.get(key, '').split()
def lines(key): return [l for l in cfg.get(key, '').splitlines() if l]

setup(
    version=cfg['version'],
    author=cfg['author'],
    license={'apache2': 'Apache-2.0'}[cfg['license']],
    keywords=words('keywords'),
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    classifiers=[f"Development Status :: {stages[int(cfg['status'])-1]}", 'Intended Audience :: Developers',
                 'Framework :: Jupyter', 'Programming Language :: Python :: 3'],
    install_requires=lines('requirements'),
    extras_require={k[:-len('_requirements')]: lines(k) for k in cfg if k.endswith('_requirements')},
    entry_points={'console_scripts': lines('console_scripts'), 'nbdev': lines('nbdev_entry_points')},
)
