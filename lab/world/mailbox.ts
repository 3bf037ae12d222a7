/** Mail that the lab's services send to people; nobody's mailbox is outside. */

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** The newest mails, kept in memory: one-time codes are worth nothing after a restart. */
export class Mailbox {
  readonly #mails: Mail[] = [];

  deliver(mail: Mail): void {
    this.#mails.push(mail);
    if (this.#mails.length > 50) this.#mails.shift();
  }

  /** Mails to an address, or all, the newest last. */
  list(to?: string): readonly Mail[] {
    return this.#mails.filter((mail) => to === undefined || mail.to === to);
  }
}
