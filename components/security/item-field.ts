import { SecretProblem } from "./secret-problem.ts";

/** An item of a vault, as far as it is looked at (FullItem of the Connect API). */
export interface VaultItem {
  readonly id?: string;
  readonly vault?: { readonly id?: string };
  readonly sections?: readonly { readonly id?: string; readonly label?: string }[];
  readonly fields?: readonly VaultField[];
  /** Websites. */
  readonly urls?: readonly { readonly label?: string; readonly href?: string }[];
  /** Attached files; the size is in bytes. */
  readonly files?: readonly { readonly name?: string; readonly size?: number }[];
}

interface VaultField {
  readonly id?: string;
  readonly label?: string;
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
 * Value of the field that a reference names by label or id, unchanged. Without a section, a field outside all sections
 * wins over those inside. Throws a SecretProblem when there is none, more than one, or an empty one.
 */
export function fieldValue(item: VaultItem, query: FieldQuery): string {
  const where = `item "${query.item}" of vault "${query.vault}"`;
  const inside = fieldsIn(item, query, where);
  const found = inside.filter((one) => isCalled(one, query.field));
  const outside = found.filter((field) => field.section?.id === undefined);
  const [field, second] = found.length > 1 && outside.length === 1 ? outside : found;
  if (field === undefined) {
    const known = inside.map(({ label, id }) => label ?? id).filter(Boolean);
    throw new SecretProblem(
      `${where} has no field "${query.field}"; it has ${known.join(", ") || "none"}`,
    );
  }
  if (second !== undefined) {
    throw new SecretProblem(
      `${where} has several fields "${query.field}"; name the section, op://vault/item/section/field, or use the field's id`,
    );
  }
  if (field.value === undefined || field.value === "")
    throw new SecretProblem(`field "${query.field}" of ${where} is empty; fill it in`);
  return field.value;
}

/** By label, however its accents are written (Unicode has two ways), or by id. */
function isCalled(
  { id, label }: { readonly id?: string; readonly label?: string },
  name: string,
): boolean {
  return label?.normalize("NFC") === name.normalize("NFC") || id === name;
}

function fieldsIn(
  { sections = [], fields = [] }: VaultItem,
  { section }: FieldQuery,
  where: string,
): readonly VaultField[] {
  if (section === undefined) return fields;
  const ids = sections.filter((one) => isCalled(one, section)).map(({ id }) => id);
  if (ids.length === 0) {
    const known = sections.map(({ label, id }) => label ?? id).filter(Boolean);
    throw new SecretProblem(
      `${where} has no section "${section}"; it has ${known.join(", ") || "none"}`,
    );
  }
  return fields.filter(
    (field) => field.section?.id !== undefined && ids.includes(field.section.id),
  );
}
