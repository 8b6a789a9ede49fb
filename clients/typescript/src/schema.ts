// Written by `make clients` from the OpenAPI document. Do not edit.

export interface paths {
    "/api/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run several operations on tasks and lists
         * @description Runs up to 100 operations in one transaction, in order; each is answered like its single request.
         */
        post: operations["batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my changes
         * @description Returns the changes since a cursor: a client that applies them has the same tasks as in the list.
         */
        get: operations["listChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream my changes
         * @description Returns the same feed as Server-Sent Events: `id` is the cursor after the change, `data` the change.
         */
        get: operations["streamChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/labels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my labels
         * @description Returns the labels in use, a page at a time, each with its number of tasks.
         */
        get: operations["listLabels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/labels/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove a label everywhere
         * @description Removes a label from every task that has it, in one transaction; completed tasks too.
         */
        post: operations["removeLabel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/labels/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rename a label everywhere
         * @description Replaces a label of every task that has it, in one transaction; completed tasks too.
         */
        post: operations["renameLabel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lists": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my lists
         * @description Returns all lists of the caller, archived ones too, by position.
         */
        get: operations["listLists"];
        put?: never;
        /**
         * Create a list
         * @description Creates a list of the caller; with an idempotency key, once however often it is sent.
         */
        post: operations["createList"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lists/{list_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a list
         * @description Returns one list. One that does not exist and one of another user have the same response: 404.
         */
        get: operations["getList"];
        /**
         * Update a list, or create it with an id of the client
         * @description Changes the given fields and no others.
         *
         *     With `If-None-Match: *` it creates the list instead: the body is that of `POST`, and the id is a UUIDv7
         *     that the client has made.
         */
        put: operations["updateList"];
        post?: never;
        /**
         * Delete a list
         * @description Deletes a list permanently. If there are tasks in it, `tasks` says what becomes of them.
         */
        delete: operations["deleteList"];
        options?: never;
        head?: never;
        /**
         * Update a list (JSON Merge Patch)
         * @description Changes the given fields and no others, as PUT does.
         */
        patch: operations["patchList"];
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get my user row
         * @description Returns the caller's row; 404 before their first write.
         */
        get: operations["getMe"];
        put?: never;
        post?: never;
        /**
         * Erase all my data
         * @description Erases everything that is stored about the caller, permanently.
         */
        delete: operations["eraseMe"];
        options?: never;
        head?: never;
        /**
         * Set my time zone
         * @description Sets the caller's time zone, or removes it with null; it makes the row, as a first write does.
         *
         *     `application/merge-patch+json` is accepted too.
         */
        patch: operations["patchMe"];
        trace?: never;
    };
    "/api/me/calendar.ics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export my tasks as a calendar
         * @description Returns the caller's tasks as iCalendar, for other products, as a stream.
         */
        get: operations["exportCalendar"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export all my data
         * @description Returns everything that is stored about the caller, as a stream.
         */
        get: operations["exportMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Import an export
         * @description Stores the tasks of an export as the caller's, all or nothing; tasks they already have are skipped.
         */
        post: operations["importMe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my tasks
         * @description Returns the caller's tasks, a page at a time; the newest first, unless `sort` is given.
         */
        get: operations["listTasks"];
        put?: never;
        /**
         * Create a task
         * @description Creates a task of the caller; with an idempotency key, once however often it is sent.
         */
        post: operations["createTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a task
         * @description Returns one task. One that does not exist and one of another user have the same response: 404.
         */
        get: operations["getTask"];
        /**
         * Update a task, or create it with an id of the client
         * @description Changes the given fields and no others; `description: null` clears it.
         *
         *     With `If-None-Match: *` it creates the task instead: the body is that of `POST`, and the id is a UUIDv7
         *     that the client has made.
         */
        put: operations["updateTask"];
        post?: never;
        /**
         * Delete a task
         * @description Deletes a task, for good or to the trash; `subtasks` says what becomes of the tasks below it.
         */
        delete: operations["deleteTask"];
        options?: never;
        head?: never;
        /**
         * Update a task (JSON Merge Patch)
         * @description Changes the given fields and no others, as PUT does.
         */
        patch: operations["patchTask"];
        trace?: never;
    };
    "/api/tasks/{task_id}/occurrences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the next days of a recurring task
         * @description Returns the days on which a task comes again by its rule; without a recurrence there are none.
         */
        get: operations["listOccurrences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run several operations on tasks
         * @description Runs up to 100 operations in one transaction; each is answered like its single request.
         */
        post: operations["batchTasks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count my open tasks
         * @description Counts the caller's open tasks: overdue, due today, due later and undated, and in each list.
         */
        get: operations["summarizeTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my access tokens
         * @description Returns the caller's tokens without their secrets, the newest first; expired ones for 30 days.
         */
        get: operations["listTokens"];
        put?: never;
        /**
         * Make an access token
         * @description Makes an access token. Its text is in this response only: a repeated one has no `token`.
         */
        post: operations["createToken"];
        /**
         * Revoke all my access tokens
         * @description Revokes all tokens of the caller; within 5 s no process accepts them.
         */
        delete: operations["revokeAllTokens"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an access token
         * @description Revokes a token; within 5 s no process accepts it.
         */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my trash
         * @description Returns the tasks in the trash, a page at a time, the newest deletion first.
         */
        get: operations["listTrash"];
        put?: never;
        post?: never;
        /**
         * Empty my trash
         * @description Deletes all that is in the trash, permanently.
         */
        delete: operations["emptyTrash"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trash/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a task permanently
         * @description Deletes a task from the trash, with all that were deleted with it.
         */
        delete: operations["purgeTask"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trash/{task_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a task
         * @description Restores a task from the trash, with all that were deleted with it.
         */
        post: operations["restoreTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check liveness
         * @description Returns 200 without checking anything else, least of all the database.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check readiness
         * @description Returns 200; 503 while the database or the keys cannot be used, and after the stop signal.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Alive
         * @description The process is alive.
         */
        Alive: {
            /**
             * Status
             * @constant
             */
            status: "healthy";
        };
        /**
         * Batch
         * @description The body of `POST /api/tasks/batch`.
         */
        Batch: {
            /**
             * Atomic
             * @description All of them or none: with a failure among them, the others are 424. Without it: `false`.
             */
            atomic?: boolean;
            /** Operations */
            operations: (components["schemas"]["CreateOperation"] | components["schemas"]["UpdateOperation"] | components["schemas"]["DeleteOperation"])[];
        };
        /**
         * BatchResults
         * @description The results of a batch, in the order of its operations.
         */
        BatchResults: {
            /** Results */
            results: (components["schemas"]["CreatedResult"] | components["schemas"]["UpdatedResult"] | components["schemas"]["DeletedResult"] | components["schemas"]["MismatchedResult"] | components["schemas"]["FailedResult"])[];
        };
        /**
         * BrokenField
         * @description The problem of one field.
         */
        BrokenField: {
            /** Field */
            field: string;
            /** Message */
            message: string;
        };
        /**
         * ChangeList
         * @description Changes, in the order in which they are to be applied.
         */
        ChangeList: {
            /** Changes */
            changes: (components["schemas"]["TaskUpsert"] | components["schemas"]["ListUpsert"] | components["schemas"]["ListDeletion"] | components["schemas"]["TaskDeletion"])[];
            /**
             * Cursor
             * @description For the next request, whether more follows or not.
             */
            cursor: string;
            /** Has More */
            has_more: boolean;
        };
        /**
         * CreatedListResult
         * @description The result of an operation that created a list.
         */
        CreatedListResult: {
            /** Etag */
            etag: string;
            list: components["schemas"]["List"];
            /**
             * Status
             * @constant
             */
            status: 201;
        };
        /**
         * CreatedResult
         * @description The result of an operation that created a task.
         */
        CreatedResult: {
            /** Etag */
            etag: string;
            /**
             * Status
             * @constant
             */
            status: 201;
            task: components["schemas"]["Task"];
        };
        /**
         * CreatedToken
         * @description A new access token. The token itself is in this response only, and not in a repeated one.
         */
        CreatedToken: {
            /**
             * Access
             * @description `read` allows GET and HEAD only.
             * @enum {string}
             */
            access: "read" | "write";
            /**
             * Created At
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            created_at: string;
            /**
             * Expires At
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            expires_at: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Last Used At
             * Format: date-time
             * @description The hour of the last use.
             */
            last_used_at?: string;
            /** Name */
            name: string;
            /**
             * Private
             * @description Whether it reaches the private tasks; without it, only a token without `spaces` does.
             */
            private?: boolean;
            /**
             * Spaces
             * @description The only spaces that it reaches; without it, all of the user's.
             */
            spaces?: string[];
            /**
             * Token
             * @description What a script sends as its bearer token.
             * @example twp_…
             */
            token?: string;
        };
        /**
         * CreateList
         * @description Creates a list, as `POST /api/lists` does, or `PUT /api/lists/{list_id}` with `If-None-Match: *`.
         */
        CreateList: {
            /**
             * Id
             * @description An id that the client has made: a UUIDv7. Without it, the service's own.
             */
            id?: string | null;
            /**
             * Kind
             * @constant
             */
            kind: "list";
            list: components["schemas"]["NewList"];
            /**
             * Op
             * @constant
             */
            op: "create";
        };
        /**
         * CreateOperation
         * @description Creates a task, as `POST /api/tasks` does, or `PUT /api/tasks/{task_id}` with `If-None-Match: *`.
         */
        CreateOperation: {
            /**
             * Id
             * @description An id that the client has made: a UUIDv7. Without it, the service's own.
             */
            id?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "create";
            task: components["schemas"]["NewTask"];
        };
        /**
         * CreateTask
         * @description Creates a task, as `POST /api/tasks` does, or `PUT /api/tasks/{task_id}` with `If-None-Match: *`.
         */
        CreateTask: {
            /**
             * Id
             * @description An id that the client has made: a UUIDv7. Without it, the service's own.
             */
            id?: string | null;
            /**
             * Kind
             * @description Without it: `"task"`.
             * @constant
             */
            kind?: "task";
            /**
             * Op
             * @constant
             */
            op: "create";
            task: components["schemas"]["NewTask"];
        };
        /**
         * DeletedListResult
         * @description The result of an operation that deleted a list.
         */
        DeletedListResult: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "List deleted successfully";
            /**
             * Status
             * @constant
             */
            status: 200;
        };
        /**
         * DeletedResult
         * @description The result of an operation that deleted a task.
         */
        DeletedResult: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Task deleted successfully";
            /**
             * Status
             * @constant
             */
            status: 200;
        };
        /**
         * DeleteList
         * @description Deletes a list, as `DELETE /api/lists/{list_id}` does.
         */
        DeleteList: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * If Match
             * @description As the header `If-Match`.
             * @example "1764000000000000"
             */
            if_match?: string | null;
            /**
             * Kind
             * @constant
             */
            kind: "list";
            /**
             * Op
             * @constant
             */
            op: "delete";
            /** Tasks */
            tasks?: ("delete" | "keep") | null;
            /**
             * To
             * @description `trash` puts what is deleted into the trash, from where it can be restored.
             */
            to?: "trash" | null;
        };
        /**
         * DeleteOperation
         * @description Deletes a task, as `DELETE /api/tasks/{task_id}` does.
         */
        DeleteOperation: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * If Match
             * @description As the header `If-Match`.
             * @example "1764000000000000"
             */
            if_match?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "delete";
            /**
             * To
             * @description `trash` puts what is deleted into the trash, from where it can be restored.
             */
            to?: "trash" | null;
        };
        /**
         * DeleteTask
         * @description Deletes a task, as `DELETE /api/tasks/{task_id}` does.
         */
        DeleteTask: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * If Match
             * @description As the header `If-Match`.
             * @example "1764000000000000"
             */
            if_match?: string | null;
            /**
             * Kind
             * @description Without it: `"task"`.
             * @constant
             */
            kind?: "task";
            /**
             * Op
             * @constant
             */
            op: "delete";
            /** Subtasks */
            subtasks?: ("delete" | "keep") | null;
            /**
             * To
             * @description `trash` puts what is deleted into the trash, from where it can be restored.
             */
            to?: "trash" | null;
        };
        /**
         * Erased
         * @description The response to an erasure.
         */
        Erased: {
            /**
             * Message
             * @constant
             */
            message: "All data deleted";
        };
        /** Error */
        Error: {
            /** @description For programs. */
            code: string;
            /** @description Present where fields can be named: all of them at once. */
            details?: components["schemas"]["BrokenField"][];
            /** @description Text for people. */
            error: string;
        };
        /**
         * Export
         * @description Everything that is stored about a user; `user` is null before their first write.
         */
        Export: {
            /** Lists */
            lists?: components["schemas"]["List"][];
            /** Tasks */
            tasks: components["schemas"]["Task"][];
            /** Tokens */
            tokens?: components["schemas"]["Token"][];
            /** Trash */
            trash?: components["schemas"]["TrashedTask"][];
            user: components["schemas"]["User"] | null;
        };
        /**
         * FailedResult
         * @description The result of an operation that was not carried out: the error of its single form, or 424.
         */
        FailedResult: {
            /** Code */
            code: string;
            /**
             * Details
             * @description Present where fields can be named.
             */
            details?: components["schemas"]["BrokenField"][];
            /** Error */
            error: string;
            /**
             * Status
             * @description 412 only if the batch had made the object itself, and was not applied.
             * @enum {integer}
             */
            status: 400 | 404 | 409 | 410 | 412 | 424;
        };
        /**
         * Import
         * @description The body of `POST /api/me/import`: an export. Accepted and ignored: `user`, `trash`, `spaces`, `tokens`.
         */
        Import: {
            /** Lists */
            lists?: components["schemas"]["ImportedList"][];
            /** Tasks */
            tasks: components["schemas"]["ImportedTask"][];
        };
        /**
         * Imported
         * @description The number of imported tasks, and of tasks that the caller already had.
         */
        Imported: {
            /** Imported */
            imported: number;
            /** Skipped */
            skipped: number;
        };
        /**
         * ImportedList
         * @description A list of an export. Its owner is ignored: it becomes the caller's. Accepted and ignored: `user_id`.
         */
        ImportedList: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Is Archived
             * @description Its tasks are untouched; `archived=false` leaves them out of a list. Without it: `false`.
             */
            is_archived?: boolean;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON. A null removes its key.
             * @example {
             *       "colour": "red"
             *     }
             * @example {}
             */
            metadata?: {
                [key: string]: string | number | boolean | null;
            } | null;
            /**
             * Position
             * @description A key, or where to place it; null: the default, by creation.
             */
            position?: string | components["schemas"]["PositionAfter"] | components["schemas"]["PositionBefore"] | components["schemas"]["PositionAtEnd"] | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * ImportedTask
         * @description A task of an export. Its owner is ignored: it becomes the caller's. Accepted and ignored: `user_id`, `series_id`, `next_id`.
         */
        ImportedTask: {
            /**
             * Completed At
             * @description When it was completed, with an offset. It has no effect without `is_completed: true`.
             * @example 2026-11-21T23:40:00-08:00
             */
            completed_at?: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Description
             * @description At most 2000 characters (Unicode code points) after trimming; `""` becomes null.
             * @example Two litres, the blue one
             */
            description?: string | null;
            /**
             * Due
             * @description By when it must be done.
             */
            due?: components["schemas"]["NewTaskDate"] | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Is Completed
             * @description `true` or `false`. Without it: `false`.
             * @example true
             */
            is_completed?: boolean;
            /**
             * Labels
             * @description All labels of the task; null or `[]` removes them.
             * @example [
             *       "home"
             *     ]
             */
            labels?: string[] | null;
            /**
             * List Id
             * @description The list that it is in; without it: in none, which is the inbox.
             */
            list_id?: string | null;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON. A null removes its key.
             * @example {
             *       "colour": "red"
             *     }
             * @example {}
             */
            metadata?: {
                [key: string]: string | number | boolean | null;
            } | null;
            /**
             * Parent Id
             * @description The task that it is a part of.
             */
            parent_id?: string | null;
            /**
             * Position
             * @description A key, or where to place it; null: the default, by creation.
             */
            position?: string | components["schemas"]["PositionAfter"] | components["schemas"]["PositionBefore"] | components["schemas"]["PositionAtEnd"] | null;
            /**
             * Priority
             * @example high
             */
            priority?: components["schemas"]["TaskPriority"] | null;
            /**
             * Recurrence
             * @description By which rule the task comes again once it is completed; null: it does not.
             */
            recurrence?: components["schemas"]["NewRecurrence"] | null;
            /**
             * Reminders
             * @description When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that there were; null or `[]` removes them.
             * @example [
             *       {
             *         "offset_minutes": -30
             *       }
             *     ]
             */
            reminders?: (components["schemas"]["OffsetReminder"] | components["schemas"]["ReminderAt"])[] | null;
            /**
             * Start
             * @description Before this it is not to be shown as something to do.
             */
            start?: components["schemas"]["NewTaskDate"] | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * LabelCount
         * @description A label that is in use. Of several spellings it has the first by code points.
         */
        LabelCount: {
            /** Label */
            label: string;
            /**
             * Tasks
             * @description How many tasks have it, completed ones included.
             */
            tasks: number;
        };
        /**
         * LabelList
         * @description A page of the caller's labels.
         */
        LabelList: {
            /** Labels */
            labels: components["schemas"]["LabelCount"][];
            /**
             * Next Cursor
             * @description For the next page; null when nothing follows.
             */
            next_cursor: string | null;
        };
        /**
         * LabelRemoval
         * @description The body of `POST /api/labels/remove`.
         */
        LabelRemoval: {
            /**
             * Label
             * @description 1-50 characters (Unicode code points) after trimming white space.
             * @example home
             */
            label: string;
        };
        /**
         * LabelRenaming
         * @description The body of `POST /api/labels/rename`.
         */
        LabelRenaming: {
            /**
             * From
             * @description 1-50 characters (Unicode code points) after trimming white space.
             * @example home
             */
            from: string;
            /**
             * To
             * @description 1-50 characters (Unicode code points) after trimming white space.
             * @example home
             */
            to: string;
        };
        /**
         * LabelsChanged
         * @description The number of tasks that were changed.
         */
        LabelsChanged: {
            /** Tasks */
            tasks: number;
        };
        /**
         * List
         * @description A list of tasks.
         */
        List: {
            /**
             * Created At
             * Format: date-time
             * @description RFC 3339, UTC; the millisecond of `id`.
             */
            created_at: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Is Archived */
            is_archived: boolean;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON.
             * @example {
             *       "colour": "red"
             *     }
             */
            metadata?: {
                [key: string]: string | number | boolean;
            };
            /**
             * Position
             * @description A key of fractional indexing, compared by code points.
             * @example m019a9f2b7c4d7a8e9b0c1d2e3f4a5b6ch
             */
            position: string;
            /** Title */
            title: string;
            /**
             * Updated At
             * Format: date-time
             * @description RFC 3339, UTC; moves forward with every successful update.
             */
            updated_at: string;
            /**
             * User Id
             * Format: uuid
             * @description The owner, from the verified token.
             */
            user_id: string;
        };
        /**
         * ListChanges
         * @description The body of `PUT /api/lists/{list_id}`: only the given fields change; at least one is required. Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`.
         */
        ListChanges: {
            /**
             * Is Archived
             * @description Its tasks are untouched; `archived=false` leaves them out of a list.
             */
            is_archived?: boolean;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON. A null removes its key.
             * @example {
             *       "colour": "red"
             *     }
             * @example {}
             */
            metadata?: {
                [key: string]: string | number | boolean | null;
            } | null;
            /**
             * Position
             * @description A key, or where to place it; null: the default, by creation.
             */
            position?: string | components["schemas"]["PositionAfter"] | components["schemas"]["PositionBefore"] | components["schemas"]["PositionAtEnd"] | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title?: string;
        };
        /**
         * ListCollection
         * @description All lists of the caller, by position.
         */
        ListCollection: {
            /** Lists */
            lists: components["schemas"]["List"][];
        };
        /**
         * ListDeleted
         * @description The response to a deletion.
         */
        ListDeleted: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "List deleted successfully";
        };
        /**
         * ListDeletion
         * @description A deleted list; only with `kinds`.
         */
        ListDeletion: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Kind
             * @constant
             */
            kind: "list";
            /**
             * Op
             * @constant
             */
            op: "delete";
        };
        /**
         * ListExists
         * @description The error of a creation at an id that exists, with the list that is there.
         */
        ListExists: {
            /** @description For programs. */
            code: string;
            /** @description Text for people. */
            error: string;
            /** @description The entity tag of the list that is there. */
            etag: string;
            list: components["schemas"]["List"];
        };
        /**
         * ListSummary
         * @description The numbers of the open tasks of one list.
         */
        ListSummary: {
            /**
             * List Id
             * @description null: in no list.
             */
            list_id: string | null;
            /** Open */
            open: number;
            /** Overdue */
            overdue: number;
        };
        /**
         * ListUpsert
         * @description A list that was created or changed, in its current state; only with `kinds`.
         */
        ListUpsert: {
            /**
             * Etag
             * @description The entity tag of that state.
             */
            etag: string;
            list: components["schemas"]["List"];
            /**
             * Op
             * @constant
             */
            op: "upsert";
        };
        /**
         * MismatchedListResult
         * @description The result of an operation not carried out: the list is in another version, or there already.
         */
        MismatchedListResult: {
            /** Code */
            code: string;
            /** Error */
            error: string;
            /**
             * Etag
             * @description The entity tag of what is there.
             */
            etag: string;
            /** @description The list that is there. */
            list: components["schemas"]["List"];
            /**
             * Status
             * @constant
             */
            status: 412;
        };
        /**
         * MismatchedResult
         * @description The result of an operation not carried out: the task is in another version, or there already.
         */
        MismatchedResult: {
            /** Code */
            code: string;
            /** Error */
            error: string;
            /**
             * Etag
             * @description The entity tag of what is there.
             */
            etag: string;
            /**
             * Status
             * @constant
             */
            status: 412;
            /** @description The task that is there. */
            task: components["schemas"]["Task"];
        };
        /**
         * MixedBatch
         * @description The body of `POST /api/batch`.
         */
        MixedBatch: {
            /**
             * Atomic
             * @description All of them or none: with a failure among them, the others are 424. Without it: `false`.
             */
            atomic?: boolean;
            /** Operations */
            operations: (components["schemas"]["CreateTask"] | components["schemas"]["UpdateTask"] | components["schemas"]["DeleteTask"] | components["schemas"]["CreateList"] | components["schemas"]["UpdateList"] | components["schemas"]["DeleteList"])[];
        };
        /**
         * MixedBatchResults
         * @description The results of a batch, in the order of its operations.
         */
        MixedBatchResults: {
            /** Results */
            results: (components["schemas"]["CreatedResult"] | components["schemas"]["UpdatedResult"] | components["schemas"]["DeletedResult"] | components["schemas"]["MismatchedResult"] | components["schemas"]["CreatedListResult"] | components["schemas"]["UpdatedListResult"] | components["schemas"]["DeletedListResult"] | components["schemas"]["MismatchedListResult"] | components["schemas"]["FailedResult"])[];
        };
        /**
         * NewList
         * @description The body of `POST /api/lists`. Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`.
         */
        NewList: {
            /**
             * Is Archived
             * @description Its tasks are untouched; `archived=false` leaves them out of a list. Without it: `false`.
             */
            is_archived?: boolean;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON. A null removes its key.
             * @example {
             *       "colour": "red"
             *     }
             * @example {}
             */
            metadata?: {
                [key: string]: string | number | boolean | null;
            } | null;
            /**
             * Position
             * @description A key, or where to place it; null: the default, by creation.
             */
            position?: string | components["schemas"]["PositionAfter"] | components["schemas"]["PositionBefore"] | components["schemas"]["PositionAtEnd"] | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title: string;
        };
        /**
         * NewRecurrence
         * @description By which rule a task comes again once it is completed. It needs a `due`.
         */
        NewRecurrence: {
            /** After */
            after?: "completion" | null;
            /** Missed */
            missed?: "keep" | null;
            /** Occurrence */
            occurrence?: string | null;
            /**
             * Rule
             * @description A rule of RFC 5545 in days: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and UNTIL or COUNT.
             * @example FREQ=WEEKLY;BYDAY=MO
             */
            rule: string;
        };
        /**
         * NewTask
         * @description The body of `POST /api/tasks`. Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`, `series_id`, `next_id`.
         */
        NewTask: {
            /**
             * Add Labels
             * @description Labels to add; not together with `labels`.
             * @example [
             *       "home"
             *     ]
             */
            add_labels?: string[];
            /**
             * Completed At
             * @description When it was completed, with an offset. It has no effect without `is_completed: true`.
             * @example 2026-11-21T23:40:00-08:00
             */
            completed_at?: string | null;
            /**
             * Description
             * @description At most 2000 characters (Unicode code points) after trimming; `""` becomes null.
             * @example Two litres, the blue one
             */
            description?: string | null;
            /**
             * Due
             * @description By when it must be done.
             */
            due?: components["schemas"]["NewTaskDate"] | null;
            /**
             * Is Completed
             * @description `true` or `false`. Without it: `false`.
             * @example true
             */
            is_completed?: boolean;
            /**
             * Labels
             * @description All labels of the task; null or `[]` removes them.
             * @example [
             *       "home"
             *     ]
             */
            labels?: string[] | null;
            /**
             * List Id
             * @description The list that it is in; without it: in none, which is the inbox.
             */
            list_id?: string | null;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON. A null removes its key.
             * @example {
             *       "colour": "red"
             *     }
             * @example {}
             */
            metadata?: {
                [key: string]: string | number | boolean | null;
            } | null;
            /**
             * Parent Id
             * @description The task that it is a part of.
             */
            parent_id?: string | null;
            /**
             * Position
             * @description A key, or where to place it; null: the default, by creation.
             */
            position?: string | components["schemas"]["PositionAfter"] | components["schemas"]["PositionBefore"] | components["schemas"]["PositionAtEnd"] | null;
            /**
             * Priority
             * @example high
             */
            priority?: components["schemas"]["TaskPriority"] | null;
            /**
             * Recurrence
             * @description By which rule the task comes again once it is completed; null: it does not.
             */
            recurrence?: components["schemas"]["NewRecurrence"] | null;
            /**
             * Reminders
             * @description When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that there were; null or `[]` removes them.
             * @example [
             *       {
             *         "offset_minutes": -30
             *       }
             *     ]
             */
            reminders?: (components["schemas"]["OffsetReminder"] | components["schemas"]["ReminderAt"])[] | null;
            /**
             * Remove Labels
             * @description Labels to remove, before others are added; not together with `labels`.
             * @example [
             *       "home"
             *     ]
             */
            remove_labels?: string[];
            /**
             * Start
             * @description Before this it is not to be shown as something to do.
             */
            start?: components["schemas"]["NewTaskDate"] | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title: string;
        };
        /**
         * NewTaskDate
         * @description A day, optionally with a time of day, optionally with the time zone of that time.
         */
        NewTaskDate: {
            /**
             * Date
             * @description A day of the years 1970 to 9998, without a time zone: never convert it to an instant.
             * @example 2026-11-21
             */
            date: string;
            /** Time */
            time?: string | null;
            /** Time Zone */
            time_zone?: string | null;
        };
        /**
         * NewToken
         * @description The body of `POST /api/tokens`. Accepted and ignored: `id`, `created_at`, `expires_at`, `last_used_at`.
         */
        NewToken: {
            /**
             * Access
             * @description `read` allows GET and HEAD only.
             * @enum {string}
             */
            access: "read" | "write";
            /**
             * Expires In
             * @description Seconds for which it is valid, at most `TOKEN_DAYS`. Without it 30 days, or `TOKEN_DAYS` if that is shorter.
             */
            expires_in?: number;
            /**
             * Name
             * @description 1-100 characters (Unicode code points) after trimming white space.
             * @example Backup script
             */
            name: string;
            /**
             * Private
             * @description Whether it reaches the private tasks; without it, only a token without `spaces` does.
             */
            private?: boolean;
            /**
             * Spaces
             * @description The only spaces that it reaches; without it, all of the user's.
             */
            spaces?: string[];
        };
        /**
         * Occurrences
         * @description The days of its rule after a task's `occurrence` and `due`; none without a recurrence.
         */
        Occurrences: {
            /** Dates */
            dates: string[];
        };
        /**
         * OffsetReminder
         * @description A reminder relative to the due wall clock; of an all-day task to 00:00 of the day.
         */
        OffsetReminder: {
            /**
             * Offset Minutes
             * @description Minutes after the due time; negative: before it. On an all-day task 540 is at 09:00.
             * @example -30
             */
            offset_minutes: number;
        };
        /**
         * PositionAfter
         * @description The place after another one.
         */
        PositionAfter: {
            /**
             * After
             * Format: uuid
             */
            after: string;
        };
        /**
         * PositionAtEnd
         * @description The first place, or the last.
         */
        PositionAtEnd: {
            /**
             * At
             * @enum {string}
             */
            at: "first" | "last";
        };
        /**
         * PositionBefore
         * @description The place before another one.
         */
        PositionBefore: {
            /**
             * Before
             * Format: uuid
             */
            before: string;
        };
        /**
         * Ready
         * @description The service is ready for requests.
         */
        Ready: {
            /**
             * Status
             * @constant
             */
            status: "ready";
        };
        /**
         * RecurrenceChanges
         * @description Changes of a recurrence: absent leaves, null removes. A new `rule` starts at the day of `due`.
         */
        RecurrenceChanges: {
            /** After */
            after?: "completion" | null;
            /** Missed */
            missed?: "keep" | null;
            /** Occurrence */
            occurrence?: string | null;
            /**
             * Rule
             * @description A rule of RFC 5545 in days: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and UNTIL or COUNT.
             * @example FREQ=WEEKLY;BYDAY=MO
             */
            rule?: string;
        };
        /**
         * ReminderAt
         * @description A reminder at an instant.
         */
        ReminderAt: {
            /**
             * At
             * Format: date-time
             * @description RFC 3339; answered in UTC.
             * @example 2026-11-21T08:30:00Z
             */
            at: string;
        };
        /**
         * Restoration
         * @description The body of `POST /api/trash/{task_id}/restore`: an empty object.
         */
        Restoration: Record<string, never>;
        /**
         * Task
         * @description A task in a response. The first seven keys are always present, each other one where it has a value.
         */
        Task: {
            /**
             * Completed At
             * Format: date-time
             * @description When it was completed, if known: RFC 3339, UTC.
             */
            completed_at?: string;
            /**
             * Created At
             * Format: date-time
             * @description RFC 3339, UTC; the millisecond of `id`.
             */
            created_at: string;
            /** Description */
            description: string | null;
            /**
             * Due
             * @description By when it must be done.
             */
            due?: components["schemas"]["TaskDate"];
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Is Completed */
            is_completed: boolean;
            /**
             * Labels
             * @description Ordered by code points. Labels that differ in case only are the same.
             * @example [
             *       "home",
             *       "urgent"
             *     ]
             */
            labels?: string[];
            /**
             * List Id
             * Format: uuid
             * @description The list that it is in; without it: in none, which is the inbox.
             */
            list_id?: string;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON.
             * @example {
             *       "colour": "red"
             *     }
             */
            metadata?: {
                [key: string]: string | number | boolean;
            };
            /**
             * Next Id
             * Format: uuid
             * @description The task of its series that was made when it was completed.
             */
            next_id?: string;
            /**
             * Parent Id
             * Format: uuid
             * @description The task that it is a part of.
             */
            parent_id?: string;
            /**
             * Position
             * @description A key of fractional indexing, compared by code points.
             * @example m019a9f2b7c4d7a8e9b0c1d2e3f4a5b6ch
             */
            position?: string;
            /** Priority */
            priority?: components["schemas"]["TaskPriority"];
            /**
             * Recurrence
             * @description By which rule the task comes again once it is completed; null: it does not.
             */
            recurrence?: components["schemas"]["TaskRecurrence"];
            /**
             * Reminders
             * @description When the user is to be reminded. Each has either `offset_minutes` or `at`.
             */
            reminders?: (components["schemas"]["OffsetReminder"] | components["schemas"]["ReminderAt"])[];
            /**
             * Series Id
             * Format: uuid
             * @description The first task of its series.
             */
            series_id?: string;
            /**
             * Start
             * @description Before this it is not to be shown as something to do.
             */
            start?: components["schemas"]["TaskDate"];
            /** Title */
            title: string;
            /**
             * Updated At
             * Format: date-time
             * @description RFC 3339, UTC; moves forward with every successful update.
             */
            updated_at: string;
            /**
             * User Id
             * Format: uuid
             * @description The owner, from the verified token.
             */
            user_id: string;
        };
        /**
         * TaskChanges
         * @description The body of `PUT /api/tasks/{task_id}`: only the given fields change; at least one is required. Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`, `series_id`, `next_id`.
         */
        TaskChanges: {
            /**
             * Add Labels
             * @description Labels to add; not together with `labels`.
             * @example [
             *       "home"
             *     ]
             */
            add_labels?: string[];
            /**
             * Completed At
             * @description When it was completed, with an offset. It has no effect without `is_completed: true`.
             * @example 2026-11-21T23:40:00-08:00
             */
            completed_at?: string | null;
            /**
             * Description
             * @description At most 2000 characters (Unicode code points) after trimming; `""` becomes null.
             * @example Two litres, the blue one
             */
            description?: string | null;
            /**
             * Due
             * @description By when it must be done.
             */
            due?: components["schemas"]["TaskDateChanges"] | null;
            /**
             * Is Completed
             * @description `true` or `false`.
             * @example true
             */
            is_completed?: boolean;
            /**
             * Labels
             * @description All labels of the task; null or `[]` removes them.
             * @example [
             *       "home"
             *     ]
             */
            labels?: string[] | null;
            /**
             * List Id
             * @description The list that it is in; without it: in none, which is the inbox.
             */
            list_id?: string | null;
            /**
             * Metadata
             * @description Values of the app's own, at most 4096 bytes as JSON. A null removes its key.
             * @example {
             *       "colour": "red"
             *     }
             * @example {}
             */
            metadata?: {
                [key: string]: string | number | boolean | null;
            } | null;
            /**
             * Parent Id
             * @description The task that it is a part of.
             */
            parent_id?: string | null;
            /**
             * Position
             * @description A key, or where to place it; null: the default, by creation.
             */
            position?: string | components["schemas"]["PositionAfter"] | components["schemas"]["PositionBefore"] | components["schemas"]["PositionAtEnd"] | null;
            /**
             * Priority
             * @example high
             */
            priority?: components["schemas"]["TaskPriority"] | null;
            /**
             * Recurrence
             * @description By which rule the task comes again once it is completed; null: it does not.
             */
            recurrence?: components["schemas"]["RecurrenceChanges"] | null;
            /**
             * Reminders
             * @description When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that there were; null or `[]` removes them.
             * @example [
             *       {
             *         "offset_minutes": -30
             *       }
             *     ]
             */
            reminders?: (components["schemas"]["OffsetReminder"] | components["schemas"]["ReminderAt"])[] | null;
            /**
             * Remove Labels
             * @description Labels to remove, before others are added; not together with `labels`.
             * @example [
             *       "home"
             *     ]
             */
            remove_labels?: string[];
            /**
             * Start
             * @description Before this it is not to be shown as something to do.
             */
            start?: components["schemas"]["TaskDateChanges"] | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title?: string;
        };
        /**
         * TaskDate
         * @description A day, optionally with a time of day, optionally with the time zone of that time.
         */
        TaskDate: {
            /**
             * Date
             * @description A day of the years 1970 to 9998, without a time zone: never convert it to an instant.
             * @example 2026-11-21
             */
            date: string;
            /**
             * Time
             * @description A time of that day; without it: all day.
             * @example 14:30
             */
            time?: string;
            /**
             * Time Zone
             * @description The IANA name of a time zone; without it: that of the user. It needs a `time`.
             * @example Europe/Berlin
             */
            time_zone?: string;
        };
        /**
         * TaskDateChanges
         * @description Changes of a date: what is absent stays, null removes. Without a `time` there is no `time_zone`.
         */
        TaskDateChanges: {
            /**
             * Date
             * @description A day of the years 1970 to 9998, without a time zone: never convert it to an instant.
             * @example 2026-11-21
             */
            date?: string;
            /** Time */
            time?: string | null;
            /** Time Zone */
            time_zone?: string | null;
        };
        /**
         * TaskDeleted
         * @description The response to a deletion.
         */
        TaskDeleted: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Task deleted successfully";
        };
        /**
         * TaskDeletion
         * @description A deleted task.
         */
        TaskDeletion: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Op
             * @constant
             */
            op: "delete";
        };
        /**
         * TaskExists
         * @description The error of a creation at an id that exists, with the task that is there.
         */
        TaskExists: {
            /** @description For programs. */
            code: string;
            /** @description Text for people. */
            error: string;
            /** @description The entity tag of the task that is there. */
            etag: string;
            task: components["schemas"]["Task"];
        };
        /**
         * TaskList
         * @description A page of the caller's tasks.
         */
        TaskList: {
            /**
             * Next Cursor
             * @description For the next page; null when nothing follows.
             */
            next_cursor: string | null;
            /** Tasks */
            tasks: components["schemas"]["Task"][];
        };
        /**
         * TaskPriority
         * @description The importance of a task; a task without it has none.
         * @enum {string}
         */
        TaskPriority: "low" | "medium" | "high" | "urgent";
        /**
         * TaskPurged
         * @description The response to a deletion from the trash.
         */
        TaskPurged: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Task deleted permanently";
        };
        /**
         * TaskRecurrence
         * @description By which rule a task comes again once it is completed.
         */
        TaskRecurrence: {
            /**
             * After
             * @description `completion`: counted from the day of completion; without it: from the schedule.
             * @constant
             */
            after?: "completion";
            /**
             * Missed
             * @description `keep`: days that have passed come in turn; without it they are skipped.
             * @constant
             */
            missed?: "keep";
            /**
             * Occurrence
             * @description The day of the rule for which the task stands; if not given: the day of `due`.
             * @example 2026-11-21
             */
            occurrence: string;
            /**
             * Rule
             * @description A rule of RFC 5545 in days: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and UNTIL or COUNT.
             * @example FREQ=WEEKLY;BYDAY=MO
             */
            rule: string;
        };
        /**
         * TaskSummary
         * @description The numbers of the caller's open tasks; completed ones are not counted.
         */
        TaskSummary: {
            /**
             * Later
             * @description Due after that.
             */
            later: number;
            /**
             * Lists
             * @description The lists with open tasks.
             */
            lists: components["schemas"]["ListSummary"][];
            /**
             * Open
             * @description All of them: the sum of the other four.
             */
            open: number;
            /**
             * Overdue
             * @description Due before `now`.
             */
            overdue: number;
            /**
             * Today
             * @description Due later, before the next midnight of the clock that shows `now`.
             */
            today: number;
            /**
             * Undated
             * @description Without a due date.
             */
            undated: number;
        };
        /**
         * TaskUpsert
         * @description A task that was created or changed, in its current state.
         */
        TaskUpsert: {
            /**
             * Etag
             * @description The entity tag of that state.
             */
            etag: string;
            /**
             * Op
             * @constant
             */
            op: "upsert";
            task: components["schemas"]["Task"];
        };
        /**
         * Token
         * @description An access token, without its secret.
         */
        Token: {
            /**
             * Access
             * @description `read` allows GET and HEAD only.
             * @enum {string}
             */
            access: "read" | "write";
            /**
             * Created At
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            created_at: string;
            /**
             * Expires At
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            expires_at: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Last Used At
             * Format: date-time
             * @description The hour of the last use.
             */
            last_used_at?: string;
            /** Name */
            name: string;
            /**
             * Private
             * @description Whether it reaches the private tasks; without it, only a token without `spaces` does.
             */
            private?: boolean;
            /**
             * Spaces
             * @description The only spaces that it reaches; without it, all of the user's.
             */
            spaces?: string[];
        };
        /**
         * TokenList
         * @description The caller's tokens, the newest first; expired ones for 30 days.
         */
        TokenList: {
            /** Tokens */
            tokens: components["schemas"]["Token"][];
        };
        /**
         * TokenRevoked
         * @description The response to a revocation.
         */
        TokenRevoked: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Token revoked successfully";
        };
        /**
         * TokensRevoked
         * @description The number of tokens that were revoked.
         */
        TokensRevoked: {
            /** Revoked */
            revoked: number;
        };
        /**
         * TrashedTask
         * @description A task in the trash, as it was.
         */
        TrashedTask: {
            /**
             * Deleted At
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            deleted_at: string;
            /**
             * Deleted With
             * Format: uuid
             * @description The task whose deletion took this one along; to restore it restores both.
             */
            deleted_with?: string;
            task: components["schemas"]["Task"];
        };
        /**
         * TrashEmptied
         * @description The number of tasks that were in the trash.
         */
        TrashEmptied: {
            /** Deleted */
            deleted: number;
        };
        /**
         * TrashList
         * @description A page of the caller's trash, the newest deletion first.
         */
        TrashList: {
            /**
             * Next Cursor
             * @description For the next page; null when nothing follows.
             */
            next_cursor: string | null;
            /** Tasks */
            tasks: components["schemas"]["TrashedTask"][];
        };
        /**
         * UpdatedListResult
         * @description The result of an operation that updated a list.
         */
        UpdatedListResult: {
            /** Etag */
            etag: string;
            list: components["schemas"]["List"];
            /**
             * Status
             * @constant
             */
            status: 200;
        };
        /**
         * UpdatedResult
         * @description The result of an operation that updated a task.
         */
        UpdatedResult: {
            /** Etag */
            etag: string;
            /**
             * Status
             * @constant
             */
            status: 200;
            task: components["schemas"]["Task"];
        };
        /**
         * UpdateList
         * @description Changes the given fields of a list, as `PUT /api/lists/{list_id}` does.
         */
        UpdateList: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * If Match
             * @description As the header `If-Match`.
             * @example "1764000000000000"
             */
            if_match?: string | null;
            /**
             * Kind
             * @constant
             */
            kind: "list";
            list: components["schemas"]["ListChanges"];
            /**
             * Op
             * @constant
             */
            op: "update";
        };
        /**
         * UpdateOperation
         * @description Changes the given fields of a task, as `PUT /api/tasks/{task_id}` does.
         */
        UpdateOperation: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * If Match
             * @description As the header `If-Match`.
             * @example "1764000000000000"
             */
            if_match?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "update";
            task: components["schemas"]["TaskChanges"];
        };
        /**
         * UpdateTask
         * @description Changes the given fields of a task, as `PUT /api/tasks/{task_id}` does.
         */
        UpdateTask: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * If Match
             * @description As the header `If-Match`.
             * @example "1764000000000000"
             */
            if_match?: string | null;
            /**
             * Kind
             * @description Without it: `"task"`.
             * @constant
             */
            kind?: "task";
            /**
             * Op
             * @constant
             */
            op: "update";
            task: components["schemas"]["TaskChanges"];
        };
        /**
         * User
         * @description The owner's row.
         */
        User: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Email */
            email: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Time Zone
             * @description The IANA name of the user's time zone, for dates that have none.
             * @example Europe/Berlin
             */
            time_zone?: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * UserChanges
         * @description Changes of the owner's row; null removes the time zone. Accepted and ignored: `id`, `email`, `created_at`, `updated_at`.
         */
        UserChanges: {
            /**
             * Time Zone
             * @description The IANA name of the user's time zone, for dates that have none.
             * @example Europe/Berlin
             */
            time_zone: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    batch: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listChanges: {
        parameters: {
            query?: {
                /** @description What the changes are of. A cursor is valid for the kinds that it was given for. */
                kinds?: string;
                /** @description How many changes to return at most. */
                limit?: number;
                /** @description `cursor` of the previous response; without it, from the beginning. */
                since?: string;
            };
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    streamChanges: {
        parameters: {
            query?: {
                /** @description What the changes are of. A cursor is valid for the kinds that it was given for. */
                kinds?: string;
            };
            header?: {
                /** @description The `id` of the last event that the client received; without it, from the beginning. */
                "Last-Event-ID"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listLabels: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the previous page. */
                cursor?: string;
                /** @description How many labels to return at most. */
                limit?: number;
            };
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    removeLabel: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    renameLabel: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listLists: {
        parameters: {
            query?: never;
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    createList: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getList: {
        parameters: {
            query?: never;
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                list_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateList: {
        parameters: {
            query?: never;
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description With `*`, it is created, with the id of the client. Other values have no effect. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                list_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteList: {
        parameters: {
            query?: {
                /** @description What becomes of the tasks in the list: they are deleted too, or kept and in no list. Required if there are any. */
                tasks?: "delete" | "keep";
                /** @description `trash` puts what is deleted into the trash, from where it can be restored. Without it, the deletion is permanent. */
                to?: "trash";
            };
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                list_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchList: {
        parameters: {
            query?: never;
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                list_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    eraseMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    exportCalendar: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    exportMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    importMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listTasks: {
        parameters: {
            query?: {
                /** @description Only tasks in archived lists, or only the others. */
                archived?: boolean;
                available_at?: string;
                completed_before?: string;
                completed_from?: string;
                /** @description `next_cursor` of the previous page, with the same `sort` and filters. */
                cursor?: string;
                due?: "any" | "none";
                due_before?: string;
                due_from?: string;
                /** @description Only tasks in this state. */
                is_completed?: boolean;
                label?: string;
                /** @description How many tasks to return at most. */
                limit?: number;
                list_id?: string;
                parent_id?: string;
                priority?: string;
                /** @description At most 32 words, each of which occurs in the title or the description, case-folded. */
                q?: string;
                /** @description Only tasks of this series. */
                series_id?: string;
                /** @description The order; `-` is descending. Titles are ordered by code points. By `due`, `priority` or `completed_at`: only tasks that have one. */
                sort?: "-created_at" | "created_at" | "-updated_at" | "updated_at" | "title" | "-title" | "position" | "-position" | "due" | "-due" | "priority" | "-priority" | "completed_at" | "-completed_at";
            };
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    createTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description With `*`, it is created, with the id of the client. Other values have no effect. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteTask: {
        parameters: {
            query?: {
                /** @description What becomes of its subtasks: `keep` moves them up to its parent, `delete` deletes all of them, on all levels. */
                subtasks?: "keep" | "delete";
                /** @description `trash` puts what is deleted into the trash, from where it can be restored. Without it, the deletion is permanent. */
                to?: "trash";
            };
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listOccurrences: {
        parameters: {
            query?: {
                /** @description How many days to return at most. */
                limit?: number;
            };
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    batchTasks: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    summarizeTasks: {
        parameters: {
            query: {
                /** @description The client's time, with its numeric offset. */
                now: string;
            };
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listTokens: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    revokeAllTokens: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                token_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listTrash: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the previous page. */
                cursor?: string;
                /** @description How many tasks to return at most. */
                limit?: number;
            };
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    emptyTrash: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    purgeTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    restoreTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours with the same bytes gets the same response again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See the contract */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
