import { SecretProblem } from "./secret-problem.ts";

/** An item of a vault, as far as it is looked at (FullItem of the Connect API, which other sources are brought to). */
export interface VaultItem {
  readonly id?: string;
  readonly vault?: { readonly id?: string };
  readonly sections?: readonly { readonly id?: string; readonly label?: string }[];
  readonly fields?: readonly VaultField[];
  /** Websites. */
  readonly urls?: readonly { readonly label?: string; readonly href?: string }[];
  /** Attached files, and the document of an item that is one. */
  readonly files?: readonly VaultFile[];
}

/** A file of an item; the size is in bytes. */
export interface VaultFile {
  readonly id?: string;
  readonly name?: string;
  readonly size?: number;
  readonly section?: { readonly id?: string };
}

interface VaultField {
  readonly id?: string;
  readonly label?: string;
  /** As it is kept: of a one-time password what its codes are made of, such as `otpauth://totp/...`. */
  readonly value?: string;
  readonly section?: { readonly id?: string };
}

/** Which field of an item is wanted. */
export interface FieldQuery {
  readonly vault: string;
  readonly item: string;
  readonly section?: string;
  readonly field: string;
}

/**
 * Value of the field that a reference names by label or id, unchanged; where there is none, the file of this name. Without
 * a section, a field outside all sections wins over those inside. Throws a SecretProblem when there is neither, more than
 * one, or an empty field.
 */
export function fieldOrFile(item: VaultItem, query: FieldQuery): string | VaultFile {
  const where = `item "${query.item}" of vault "${query.vault}"`;
  const inside = partsIn(item, query, where);
  const found = inside.fields.filter((one) => isCalled(one, query.field));
  const outside = found.filter((field) => field.section?.id === undefined);
  const [field, second] = found.length > 1 && outside.length === 1 ? outside : found;
  if (field === undefined) return fileOf(inside, query, where);
  if (second !== undefined) {
    throw new SecretProblem(
      `${where} has several fields "${query.field}"; name the section, op://vault/item/section/field, or use the field's id`,
    );
  }
  if (field.value === undefined || field.value === "")
    throw new SecretProblem(`field "${query.field}" of ${where} is empty; fill it in`);
  return field.value;
}

function fileOf({ fields, files }: Parts, { field }: FieldQuery, where: string): VaultFile {
  const [file, second] = files.filter(({ id, name }) => isCalled({ id, label: name }, field));
  if (file === undefined) {
    const known = [...fields.map(({ label, id }) => label ?? id), ...files.map(({ name }) => name)];
    throw new SecretProblem(
      `${where} has no field "${field}"; it has ${known.filter(Boolean).join(", ") || "none"}`,
    );
  }
  if (second !== undefined)
    throw new SecretProblem(`${where} has several files "${field}"; rename or remove all but one`);
  return file;
}

/** By label, however its accents are written (Unicode has two ways), or by id. */
function isCalled(
  { id, label }: { readonly id?: string | undefined; readonly label?: string | undefined },
  name: string,
): boolean {
  return label?.normalize("NFC") === name.normalize("NFC") || id === name;
}

interface Parts {
  readonly fields: readonly VaultField[];
  readonly files: readonly VaultFile[];
}

function partsIn(
  { sections = [], fields = [], files = [] }: VaultItem,
  { section }: FieldQuery,
  where: string,
): Parts {
  if (section === undefined) return { fields, files };
  const ids = sections.filter((one) => isCalled(one, section)).map(({ id }) => id);
  if (ids.length === 0) {
    const known = sections.map(({ label, id }) => label ?? id).filter(Boolean);
    throw new SecretProblem(
      `${where} has no section "${section}"; it has ${known.join(", ") || "none"}`,
    );
  }
  const isInside = (part: VaultField | VaultFile): boolean =>
    part.section?.id !== undefined && ids.includes(part.section.id);
  return { fields: fields.filter(isInside), files: files.filter(isInside) };
}
