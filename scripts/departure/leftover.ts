/** One object that a destroy should have removed. */
export interface Leftover {
  readonly kind: string;
  readonly name: string;
  readonly id: string;
}
