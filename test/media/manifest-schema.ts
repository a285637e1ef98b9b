import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Manifest } from '#media';
import type { defaultMetadataStorage } from 'class-transformer/types/storage.js';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import ts from 'typescript';

/** Where the classes of a manifest, and what is said about them, are written. */
const SOURCE = 'libs/media/src/cut/manifest.ts';

type Class = new () => object;
type Schema = ReturnType<typeof targetConstructorToSchema>;

/** What is in a list is known to class-transformer alone, and it gives that to nobody who imports it. */
const { defaultMetadataStorage: types } = createRequire(import.meta.url)('class-transformer/cjs/storage.js') as {
  defaultMetadataStorage: typeof defaultMetadataStorage;
};

/** The JSON schema of manifest.json: rules from the class's validators, descriptions from its doc comments. */
export function manifestSchema(): object {
  const described = describer();
  const definitions: Record<string, Schema> = {};
  const refer = (type: Class): Schema & { $ref: string } => {
    definitions[type.name] ??= schemaOf(type);
    return { $ref: `#/$defs/${type.name}` };
  };
  const schemaOf = (type: Class): Schema => {
    const schema = targetConstructorToSchema(type, {
      additionalConverters: {
        matches: ({ constraints }) => ({ type: 'string', pattern: patternOf(constraints[0] as RegExp) }),
        nestedValidation: ({ propertyName }) => refer(types.findTypeMetadata(type, propertyName).typeFunction() as Class),
      },
    });
    return { ...described(type.name, schema), additionalProperties: false };
  };
  const manifest = schemaOf(Manifest);
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...manifest, $defs: definitions };
}

/** A schema has no place for a flag, which would silently be another rule. */
function patternOf({ source, flags }: RegExp): string {
  if (flags !== '') throw new Error(`A JSON schema cannot say /${source}/${flags}`);
  return source;
}

/** Adds to the schema of a class, by its name, what is said about it and its properties. */
function describer(): (name: string, schema: Schema) => Schema {
  const source = ts.createSourceFile(SOURCE, readFileSync(SOURCE, 'utf8'), ts.ScriptTarget.Latest, true);
  const classes = new Map(source.statements.filter(ts.isClassDeclaration).map((one) => [one.name?.text, one]));
  return (name, schema) => {
    const declared = classes.get(name);
    const members = new Map(declared?.members.map((member) => [member.name?.getText(), member]));
    const properties = Object.entries(schema.properties ?? {}).map(([key, property]) => [
      key,
      { ...saidOf(members.get(key)), ...property },
    ]);
    return { ...saidOf(declared), ...schema, properties: Object.fromEntries(properties) as NonNullable<Schema['properties']> };
  };
}

function saidOf(node: ts.Node | undefined): { description?: string } {
  const said = node && ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc);
  const description = said && ts.getTextOfJSDocComment(said.comment);
  return description ? { description } : {};
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(manifestSchema(), null, 2)}\n`);
