import { post, type KeyOptions } from "./post.js";
import type { RequestOptions, Transport } from "./transport.js";
import type { AgendaQuery, Export, Import, Imported, SpaceExport, TaskPage, User, UserChanges } from "./types.js";

/** The caller's own data. */
export class Me {
  constructor(private readonly transport: Transport) {}

  /** Returns the user. Before the first write of a user that is an ApiError with the code NOT_FOUND. */
  get(options: RequestOptions = {}): Promise<User> {
    return this.transport.send({ path: "/api/me", repeatable: true, ...options }, (response) => response.json());
  }

  /** Changes the user's time zone; null removes it. */
  update(changes: UserChanges, options: RequestOptions = {}): Promise<User> {
    const request = { method: "PATCH", path: "/api/me", body: changes, repeatable: true, ...options } as const;
    return this.transport.send(request, (response) => response.json());
  }

  /** Returns a page of the caller's open tasks and of those assigned to the caller in all spaces. */
  agenda(query: AgendaQuery = {}, options: RequestOptions = {}): Promise<TaskPage> {
    const request = { path: "/api/me/agenda", query, repeatable: true, ...options };
    return this.transport.send(request, (response) => response.json());
  }

  /** Returns everything that is stored about the caller. */
  export(options: RequestOptions = {}): Promise<Export> {
    const request = { path: "/api/me/export", repeatable: true, timeout: Infinity, ...options };
    return this.transport.send(request, (response) => response.json());
  }

  /** Returns the caller's tasks as iCalendar, for other products. */
  exportCalendar(options: RequestOptions = {}): Promise<string> {
    const request = { path: "/api/me/calendar.ics", repeatable: true, timeout: Infinity, ...options };
    return this.transport.send(request, (response) => response.text());
  }

  /** Stores what an export has: all of it or nothing. */
  import(document: Import | Export | SpaceExport, options: KeyOptions = {}): Promise<Imported> {
    const request = { ...post("/api/me/import", document, options), timeout: Infinity };
    return this.transport.send(request, (response) => response.json());
  }

  /** Deletes everything that is stored about the caller. */
  erase(options: RequestOptions = {}): Promise<{ message: "All data deleted" }> {
    const request = { method: "DELETE", path: "/api/me", repeatable: true, timeout: Infinity, ...options } as const;
    return this.transport.send(request, (response) => response.json());
  }
}
