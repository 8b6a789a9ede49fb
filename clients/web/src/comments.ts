import { NetworkError, type Comment, type Owner } from "@taskward/client";

/** What the comments need of the page. */
interface Shown {
  readonly client: Owner;
  update(): void;
}

/** The comments on the task whose details are open. Nothing of them is stored on this device. */
export class Comments {
  /** Undefined until they were read. */
  all: readonly Comment[] | undefined;
  /** Why they could not be read. */
  problem: string | undefined;
  /** The id of the comment that is being changed. */
  edited: string | undefined;
  #task: string | undefined;
  /** What was sent last and may have been added, with the key by which the service knows it. */
  #sent: { comment: string; key: string } | undefined;

  constructor(private readonly page: Shown) {}

  /** Shows those on a task, or none. */
  show(task: string | undefined): void {
    if (task === this.#task) return;
    this.#task = task;
    this.all = this.problem = this.edited = undefined;
    void this.read();
  }

  async read(): Promise<void> {
    const task = this.#task;
    if (task === undefined) return;
    try {
      const found: Comment[] = [];
      for await (const one of this.page.client.comments.all({ task_id: task, limit: 1000 })) found.push(one);
      if (task !== this.#task) return; // another one is open by now
      this.all = found;
      this.problem = undefined;
    } catch (error) {
      if (task !== this.#task) return;
      this.problem = error instanceof NetworkError ? "The comments need the network" : "The comments could not be read";
    }
    this.page.update();
  }

  /** Adds a comment; throws if the service could not, as the others do. Sent again after a lost answer it is added once. */
  async add(text: string, mentions: string[]): Promise<void> {
    if (this.#task === undefined) return;
    const body = { task_id: this.#task, text, ...(mentions.length > 0 && { mentions }) };
    const comment = JSON.stringify(body);
    if (this.#sent?.comment !== comment) this.#sent = { comment, key: crypto.randomUUID() };
    await this.page.client.comments.create(body, { idempotencyKey: this.#sent.key });
    this.#sent = undefined;
    await this.read();
  }

  async change(id: string, text: string, mentions: string[]): Promise<void> {
    await this.page.client.comments.update(id, { text, mentions: mentions.length > 0 ? mentions : null });
    await this.read();
  }

  async remove(id: string): Promise<void> {
    await this.page.client.comments.delete(id);
    await this.read();
  }
}
