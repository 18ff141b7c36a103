"""Reads documents as others would: with jsonschema, and with pydantic models that are generated from the schemas.

Arguments: the folder of schemas, a JSON file with a list of documents, and a folder to write models to.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from jsonschema import Draft202012Validator
from pydantic import BaseModel

SCHEMAS, DOCUMENTS, MODELS = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])


def models(schema: Path) -> type[BaseModel]:
    """The model of a whole document, generated from its schema."""
    name = schema.stem.replace('-', '_')
    output = MODELS / f'{name}.py'
    how = ['--input-file-type', 'jsonschema', '--output-model-type', 'pydantic_v2.BaseModel', '--use-annotated']
    command = [sys.executable, '-W', 'ignore', '-m', 'datamodel_code_generator', *how]
    subprocess.run([*command, '--input', schema, '--output', output], check=True)
    spec = importlib.util.spec_from_file_location(name, output)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return getattr(module, json.loads(schema.read_text())['title'])


documents = json.loads(DOCUMENTS.read_text())
read = 0
for path in sorted(SCHEMAS.glob('*.json')):
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    own = [document for document in documents if document['schema'] == schema['properties']['schema']['const']]
    model = models(path)
    for document in own:
        validator.validate(document)
        again = model.model_validate(document).model_dump(mode='json', by_alias=True)
        assert again.keys() >= document.keys(), f'{path.stem}: {document.keys() - again.keys()}'
        read += 1
    # What a later version of the program adds is borne.
    for document in own[:1]:
        model.model_validate({**document, 'a_new_field': 1})
assert read == len(documents), f'{read} of {len(documents)} documents have a schema'
print(f'{read} documents of {len(list(SCHEMAS.glob("*.json")))} schemas are read by generated models')
