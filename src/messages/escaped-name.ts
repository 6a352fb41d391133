/** A user's name as an Avro name: a character that Avro does not allow becomes `_x` and two digits, as does `_x` itself. */
export function escapedName(name: string): string {
  return name.replace(/_(?=x)|[^A-Za-z0-9_]/g, (character) => `_x${character.charCodeAt(0).toString(16)}`);
}

export function plainName(name: string): string {
  return name.replace(/_x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
