/** A text as part of a regular expression, by JavaScript's rules and by RE2's, which Go's programs have. */
export const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
