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
         * Run several operations on tasks, lists and comments
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
    "/api/comments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my comments
         * @description Returns comments, a page at a time; of an unknown task there are none.
         */
        get: operations["listComments"];
        put?: never;
        /**
         * Create a comment
         * @description Creates a comment on a task, which stays as it is; with an idempotency key, once however often sent.
         */
        post: operations["createComment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/comments/{comment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a comment
         * @description Returns one comment. One that does not exist and one of another user have the same response: 404.
         */
        get: operations["getComment"];
        /**
         * Update a comment, or create it with an id of the client
         * @description Changes the given fields and no others; in a space only its author may.
         *
         *     With `If-None-Match: *` it creates the comment instead: the body is that of `POST`, and the id is a UUIDv7
         *     that the client has made.
         */
        put: operations["updateComment"];
        post?: never;
        /**
         * Delete a comment
         * @description Deletes a comment permanently; in a space its author may, and an owner of the space.
         */
        delete: operations["deleteComment"];
        options?: never;
        head?: never;
        /**
         * Update a comment (JSON Merge Patch)
         * @description Changes the given fields and no others, as PUT does.
         */
        patch: operations["patchComment"];
        trace?: never;
    };
    "/api/comments/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count my comments
         * @description Returns the tasks that have comments, a page at a time, with their number and the newest's time.
         */
        get: operations["countComments"];
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
    "/api/invitations/redeem": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Join a space
         * @description Makes the caller a member of the space of an invitation; a member gets what is there.
         */
        post: operations["redeemInvitation"];
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
    "/api/me/agenda": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my work in all spaces
         * @description Returns the caller's open private tasks, and the open tasks assigned to them in all of their spaces.
         *
         *     `user_id` of a task is the owner: the caller or the space. Pages go on over all owners.
         */
        get: operations["getAgenda"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
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
    "/api/moves": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move tasks or a list to a space, or back
         * @description Moves tasks with all below them, or a list with all its tasks: all of it or nothing. Ids stay.
         */
        post: operations["createMove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my spaces
         * @description Returns the spaces of the caller, each with a state that changes with every change in it.
         */
        get: operations["listSpaces"];
        put?: never;
        /**
         * Create a space
         * @description Creates a space, of which the caller becomes the owner.
         */
        post: operations["createSpace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a space
         * @description Returns a space. One that does not exist and one of others have the same response: 404.
         */
        get: operations["getSpace"];
        /**
         * Update a space
         * @description Changes the given fields and no others.
         */
        put: operations["updateSpace"];
        post?: never;
        /**
         * Delete a space
         * @description Erases a space with all that is in it, its trash included; from then on it is 404 for everybody.
         */
        delete: operations["deleteSpace"];
        options?: never;
        head?: never;
        /**
         * Update a space (JSON Merge Patch)
         * @description Changes the given fields and no others.
         */
        patch: operations["patchSpace"];
        trace?: never;
    };
    "/api/spaces/{space_id}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the activity of a space
         * @description Returns what members did in the space, newest first: names of fields, never their values.
         */
        get: operations["listSpaceActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run several operations on tasks, lists and comments
         * @description Runs up to 100 operations in one transaction, in order; each is answered like its single request.
         */
        post: operations["batchSpace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a space's changes
         * @description Returns the changes since a cursor: a client that applies them has the same tasks as in the list.
         */
        get: operations["listSpaceChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/comments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a space's comments
         * @description Returns comments, a page at a time; of an unknown task there are none.
         */
        get: operations["listSpaceComments"];
        put?: never;
        /**
         * Create a comment
         * @description Creates a comment on a task, which stays as it is; with an idempotency key, once however often sent.
         */
        post: operations["createSpaceComment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/comments/{comment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a comment
         * @description Returns one comment. One that does not exist and one of another user have the same response: 404.
         */
        get: operations["getSpaceComment"];
        /**
         * Update a comment, or create it with an id of the client
         * @description Changes the given fields and no others; in a space only its author may.
         *
         *     With `If-None-Match: *` it creates the comment instead: the body is that of `POST`, and the id is a UUIDv7
         *     that the client has made.
         */
        put: operations["updateSpaceComment"];
        post?: never;
        /**
         * Delete a comment
         * @description Deletes a comment permanently; in a space its author may, and an owner of the space.
         */
        delete: operations["deleteSpaceComment"];
        options?: never;
        head?: never;
        /**
         * Update a comment (JSON Merge Patch)
         * @description Changes the given fields and no others, as PUT does.
         */
        patch: operations["patchSpaceComment"];
        trace?: never;
    };
    "/api/spaces/{space_id}/comments/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count a space's comments
         * @description Returns the tasks that have comments, a page at a time, with their number and the newest's time.
         */
        get: operations["countSpaceComments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream a space's changes
         * @description Returns the same feed as Server-Sent Events: `id` is the cursor after the change, `data` the change.
         */
        get: operations["streamSpaceChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export a space
         * @description Returns everything in the space, as a stream; it breaks off once the caller is no member any more.
         */
        get: operations["exportSpace"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the open invitations of a space
         * @description Returns the open invitations, the newest first, without their secrets.
         */
        get: operations["listInvitations"];
        put?: never;
        /**
         * Invite people to a space
         * @description Creates an invitation; `invitation` is shown once, and not in a replayed response.
         */
        post: operations["createInvitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/invitations/{invitation_id}": {
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
         * Revoke an invitation
         * @description Revokes an open invitation.
         */
        delete: operations["revokeInvitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/labels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a space's labels
         * @description Returns the labels in use, a page at a time, each with its number of tasks.
         */
        get: operations["listSpaceLabels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/labels/remove": {
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
        post: operations["removeSpaceLabel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/labels/rename": {
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
        post: operations["renameSpaceLabel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/lists": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a space's lists
         * @description Returns all lists of the caller, archived ones too, by position.
         */
        get: operations["listSpaceLists"];
        put?: never;
        /**
         * Create a list
         * @description Creates a list of the caller; with an idempotency key, once however often it is sent.
         */
        post: operations["createSpaceList"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/lists/{list_id}": {
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
        get: operations["getSpaceList"];
        /**
         * Update a list, or create it with an id of the client
         * @description Changes the given fields and no others.
         *
         *     With `If-None-Match: *` it creates the list instead: the body is that of `POST`, and the id is a UUIDv7
         *     that the client has made.
         */
        put: operations["updateSpaceList"];
        post?: never;
        /**
         * Delete a list
         * @description Deletes a list permanently. If there are tasks in it, `tasks` says what becomes of them.
         */
        delete: operations["deleteSpaceList"];
        options?: never;
        head?: never;
        /**
         * Update a list (JSON Merge Patch)
         * @description Changes the given fields and no others, as PUT does.
         */
        patch: operations["patchSpaceList"];
        trace?: never;
    };
    "/api/spaces/{space_id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the members of a space
         * @description Returns the members who have a role, by the time of joining.
         */
        get: operations["listMembers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/members/{member_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a member
         * @description Returns a member of the space, also one who has left.
         */
        get: operations["getMember"];
        /**
         * Update a member
         * @description Changes the role of a member, or the caller's own name.
         */
        put: operations["updateMember"];
        post?: never;
        /**
         * Remove a member, or leave
         * @description Ends a membership at once, in every process.
         */
        delete: operations["removeMember"];
        options?: never;
        head?: never;
        /**
         * Update a member (JSON Merge Patch)
         * @description Changes the role of a member, or the caller's own name.
         */
        patch: operations["patchMember"];
        trace?: never;
    };
    "/api/spaces/{space_id}/reminders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my reminders in a space
         * @description Returns the tasks for which the caller has reminders, a page at a time.
         */
        get: operations["listSpaceReminders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a space's tasks
         * @description Returns the caller's tasks, a page at a time; the newest first, unless `sort` is given.
         */
        get: operations["listSpaceTasks"];
        put?: never;
        /**
         * Create a task
         * @description Creates a task of the caller; with an idempotency key, once however often it is sent.
         */
        post: operations["createSpaceTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/tasks/{task_id}": {
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
        get: operations["getSpaceTask"];
        /**
         * Update a task, or create it with an id of the client
         * @description Changes the given fields and no others; `description: null` clears it.
         *
         *     With `If-None-Match: *` it creates the task instead: the body is that of `POST`, and the id is a UUIDv7
         *     that the client has made.
         */
        put: operations["updateSpaceTask"];
        post?: never;
        /**
         * Delete a task
         * @description Deletes a task, for good or to the trash; `subtasks` says what becomes of the tasks below it.
         */
        delete: operations["deleteSpaceTask"];
        options?: never;
        head?: never;
        /**
         * Update a task (JSON Merge Patch)
         * @description Changes the given fields and no others, as PUT does.
         */
        patch: operations["patchSpaceTask"];
        trace?: never;
    };
    "/api/spaces/{space_id}/tasks/{task_id}/occurrences": {
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
        get: operations["listSpaceOccurrences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/tasks/{task_id}/reminders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read my reminders for a space's task
         * @description Returns the caller's own reminders; no other member learns of them.
         */
        get: operations["getSpaceTaskReminders"];
        /**
         * Set my reminders for a space's task
         * @description Replaces the caller's own reminders; the task stays as it is.
         */
        put: operations["updateSpaceTaskReminders"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/tasks/batch": {
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
        post: operations["batchSpaceTasks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/tasks/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count a space's open tasks
         * @description Counts the caller's open tasks: overdue, due today, due later and undated, and in each list.
         */
        get: operations["summarizeSpaceTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/trash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a space's trash
         * @description Returns the tasks in the trash, a page at a time, the newest deletion first.
         */
        get: operations["listSpaceTrash"];
        put?: never;
        post?: never;
        /**
         * Empty a space's trash
         * @description Deletes all that is in the trash, permanently.
         */
        delete: operations["emptySpaceTrash"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/trash/{task_id}": {
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
        delete: operations["purgeSpaceTask"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/{space_id}/trash/{task_id}/restore": {
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
        post: operations["restoreSpaceTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/spaces/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream which of my spaces change
         * @description Returns Server-Sent Events: each space once, then one whenever it has changed or is gone.
         */
        get: operations["streamSpaces"];
        put?: never;
        post?: never;
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
         * ActivityEntry
         * @description A change by a member: names of fields, never their values.
         */
        ActivityEntry: {
            /**
             * Action
             * @enum {string}
             */
            action: "created" | "updated" | "completed" | "reopened" | "deleted" | "trashed" | "restored" | "moved_in" | "moved_out" | "commented" | "joined" | "left" | "removed" | "role_changed" | "renamed";
            /**
             * Actor Id
             * @description The member who did it.
             */
            actor_id: string | null;
            /**
             * At
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            at: string;
            /**
             * Comment Id
             * Format: uuid
             */
            comment_id?: string;
            /**
             * Count
             * @description The number of tasks that changed with a list or a label.
             */
            count?: number;
            /**
             * Fields
             * @description The names of the fields that were given.
             */
            fields?: string[];
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * List Id
             * Format: uuid
             */
            list_id?: string;
            /**
             * Member Id
             * Format: uuid
             */
            member_id?: string;
            /**
             * Task Id
             * Format: uuid
             * @description The task, or that of the comment.
             */
            task_id?: string;
            /**
             * Via
             * @description An access token of the member, or the app's back end for the member.
             * @enum {string}
             */
            via?: "token" | "service";
        };
        /**
         * ActivityList
         * @description A page of the activity of a space, newest first.
         */
        ActivityList: {
            /** Activity */
            activity: components["schemas"]["ActivityEntry"][];
            /**
             * Next Cursor
             * @description For the next page; null when nothing follows.
             */
            next_cursor: string | null;
        };
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
            changes: (components["schemas"]["TaskUpsert"] | components["schemas"]["ListUpsert"] | components["schemas"]["CommentUpsert"] | components["schemas"]["MembershipUpsert"] | components["schemas"]["MembershipDeletion"] | components["schemas"]["CommentDeletion"] | components["schemas"]["ListDeletion"] | components["schemas"]["TaskDeletion"])[];
            /**
             * Cursor
             * @description For the next request, whether more follows or not.
             */
            cursor: string;
            /** Has More */
            has_more: boolean;
        };
        /**
         * Comment
         * @description A comment on a task.
         */
        Comment: {
            /**
             * Author Id
             * @description The member of the space who wrote it; null if private.
             */
            author_id: string | null;
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
            /** Mentions */
            mentions?: string[];
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
             * Task Id
             * Format: uuid
             */
            task_id: string;
            /** Text */
            text: string;
            /**
             * Updated At
             * Format: date-time
             * @description RFC 3339, UTC; moves forward with every successful update.
             */
            updated_at: string;
            /**
             * User Id
             * Format: uuid
             * @description The owner of the task.
             */
            user_id: string;
        };
        /**
         * CommentChanges
         * @description The body of `PUT /api/comments/{comment_id}`: the given fields change; at least one is required. Accepted and ignored: `id`, `user_id`, `author_id`, `created_at`, `updated_at`.
         */
        CommentChanges: {
            /**
             * Mentions
             * @description Only in a space: the members whom it concerns; the app notifies them.
             */
            mentions?: string[] | null;
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
             * Task Id
             * Format: uuid
             * @description That of the comment, which stays with its task.
             */
            task_id?: string;
            /**
             * Text
             * @description 1-4000 characters (Unicode code points) after trimming white space.
             * @example The blue one is sold out.
             */
            text?: string;
        };
        /**
         * CommentCount
         * @description The number of comments on a task, and when the newest one was made.
         */
        CommentCount: {
            /** Comments */
            comments: number;
            /**
             * Last At
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            last_at: string;
            /**
             * Task Id
             * Format: uuid
             */
            task_id: string;
        };
        /**
         * CommentCounts
         * @description A page of the tasks that have comments, by their ids.
         */
        CommentCounts: {
            /** Counts */
            counts: components["schemas"]["CommentCount"][];
            /**
             * Next Cursor
             * @description For the next page; null when nothing follows.
             */
            next_cursor: string | null;
        };
        /**
         * CommentDeleted
         * @description The response to a deletion.
         */
        CommentDeleted: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Comment deleted successfully";
        };
        /**
         * CommentDeletion
         * @description A deleted comment; only with `kinds`.
         */
        CommentDeletion: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Kind
             * @constant
             */
            kind: "comment";
            /**
             * Op
             * @constant
             */
            op: "delete";
        };
        /**
         * CommentExists
         * @description The error of a creation at an id that exists, with the comment that is there.
         */
        CommentExists: {
            /** @description For programs. */
            code: string;
            comment: components["schemas"]["Comment"];
            /** @description Text for people. */
            error: string;
            /** @description The entity tag of the comment that is there. */
            etag: string;
        };
        /**
         * CommentList
         * @description A page of comments.
         */
        CommentList: {
            /** Comments */
            comments: components["schemas"]["Comment"][];
            /**
             * Next Cursor
             * @description For the next page; null when nothing follows.
             */
            next_cursor: string | null;
        };
        /**
         * CommentUpsert
         * @description A comment that was created or changed, in its current state; only with `kinds`.
         */
        CommentUpsert: {
            comment: components["schemas"]["Comment"];
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
        };
        /**
         * CreateComment
         * @description Creates a comment, as `POST /api/comments` does, or `PUT /api/comments/{comment_id}` with `If-None-Match: *`.
         */
        CreateComment: {
            comment: components["schemas"]["NewComment"];
            /**
             * Id
             * @description An id that the client has made: a UUIDv7. Without it, the service's own.
             */
            id?: string | null;
            /**
             * Kind
             * @constant
             */
            kind: "comment";
            /**
             * Op
             * @constant
             */
            op: "create";
        };
        /**
         * CreatedCommentResult
         * @description The result of an operation that created a comment.
         */
        CreatedCommentResult: {
            comment: components["schemas"]["Comment"];
            /** Etag */
            etag: string;
            /**
             * Status
             * @constant
             */
            status: 201;
        };
        /**
         * CreatedInvitation
         * @description A new invitation with its secret, which is shown once.
         */
        CreatedInvitation: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Created By */
            created_by: string | null;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Invitation
             * @description The text to send to those who are invited; absent in a replayed response.
             */
            invitation?: string;
            /**
             * Role
             * @enum {string}
             */
            role: "editor" | "viewer";
            /** Used */
            used: number;
            /** Uses */
            uses: number;
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
         * DeleteComment
         * @description Deletes a comment, as `DELETE /api/comments/{comment_id}` does.
         */
        DeleteComment: {
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
            kind: "comment";
            /**
             * Op
             * @constant
             */
            op: "delete";
        };
        /**
         * DeletedCommentResult
         * @description The result of an operation that deleted a comment.
         */
        DeletedCommentResult: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Comment deleted successfully";
            /**
             * Status
             * @constant
             */
            status: 200;
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
            /** Comments */
            comments?: components["schemas"]["Comment"][];
            /** Lists */
            lists?: components["schemas"]["List"][];
            /** Spaces */
            spaces?: components["schemas"]["OwnMembership"][];
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
            status: 400 | 404 | 405 | 409 | 410 | 412 | 424;
        };
        /**
         * Import
         * @description The body of `POST /api/me/import`: an export. Accepted and ignored: `user`, `trash`, `spaces`, `tokens`, `space`, `members`.
         */
        Import: {
            /** Comments */
            comments?: components["schemas"]["ImportedComment"][];
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
         * ImportedComment
         * @description A comment of an export. Its owner and its author are ignored: they become the caller. Accepted and ignored: `user_id`, `author_id`, `mentions`.
         */
        ImportedComment: {
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
             * Task Id
             * Format: uuid
             */
            task_id: string;
            /**
             * Text
             * @description 1-4000 characters (Unicode code points) after trimming white space.
             * @example The blue one is sold out.
             */
            text: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
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
         * @description A task of an export. Its owner is ignored: it becomes the caller's. Accepted and ignored: `user_id`, `series_id`, `next_id`, `created_by`, `updated_by`.
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
         * Invitation
         * @description An invitation to a space.
         */
        Invitation: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Created By */
            created_by: string | null;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Role
             * @enum {string}
             */
            role: "editor" | "viewer";
            /** Used */
            used: number;
            /** Uses */
            uses: number;
        };
        /**
         * InvitationList
         * @description The open invitations of a space, the newest first.
         */
        InvitationList: {
            /** Invitations */
            invitations: components["schemas"]["Invitation"][];
        };
        /**
         * InvitationRevoked
         * @description The response to a revocation.
         */
        InvitationRevoked: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Invitation revoked successfully";
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
         * Member
         * @description A person in a space, or one who has left: then `role` is null.
         */
        Member: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Joined At
             * Format: date-time
             */
            joined_at: string;
            /**
             * Left At
             * Format: date-time
             */
            left_at?: string;
            /** Name */
            name: string | null;
            /**
             * Person Id
             * @description The user id; null once that person has erased their data.
             */
            person_id: string | null;
            /** Role */
            role: ("owner" | "editor" | "viewer") | null;
            /**
             * Space Id
             * Format: uuid
             */
            space_id: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * MemberChanges
         * @description The body of a change of a member: `role` by an owner, `name` by the member. Accepted and ignored: `id`, `space_id`, `person_id`, `joined_at`, `left_at`, `updated_at`.
         */
        MemberChanges: {
            /**
             * Name
             * @description What the member is called in this space: 1-100 characters after trimming, or null.
             * @example Ann
             */
            name?: string | null;
            /** @enum {string} */
            role?: "owner" | "editor" | "viewer";
        };
        /**
         * MemberList
         * @description The members who have a role, by the time of joining.
         */
        MemberList: {
            /** Members */
            members: components["schemas"]["Member"][];
        };
        /**
         * MemberRemoved
         * @description The response to a removal.
         */
        MemberRemoved: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Member removed successfully";
        };
        /**
         * Membership
         * @description A space that the caller is in, in the caller's own change feed.
         */
        Membership: {
            /**
             * Joined At
             * Format: date-time
             */
            joined_at: string;
            /**
             * Space Id
             * Format: uuid
             */
            space_id: string;
        };
        /**
         * MembershipDeletion
         * @description A deleted membership; only with `kinds`.
         */
        MembershipDeletion: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Kind
             * @constant
             */
            kind: "membership";
            /**
             * Op
             * @constant
             */
            op: "delete";
        };
        /**
         * MembershipUpsert
         * @description A membership that was created or changed, in its current state; only with `kinds`.
         */
        MembershipUpsert: {
            /**
             * Etag
             * @description The entity tag of that state.
             */
            etag: string;
            membership: components["schemas"]["Membership"];
            /**
             * Op
             * @constant
             */
            op: "upsert";
        };
        /**
         * MemberUpsert
         * @description A member that was created or changed, in its current state; only with `kinds`.
         */
        MemberUpsert: {
            /**
             * Etag
             * @description The entity tag of that state.
             */
            etag: string;
            member: components["schemas"]["Member"];
            /**
             * Op
             * @constant
             */
            op: "upsert";
        };
        /**
         * MismatchedCommentResult
         * @description The result of an operation not carried out: the comment is in another version, or there already.
         */
        MismatchedCommentResult: {
            /** Code */
            code: string;
            /** @description The comment that is there. */
            comment: components["schemas"]["Comment"];
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
            operations: (components["schemas"]["CreateTask"] | components["schemas"]["UpdateTask"] | components["schemas"]["DeleteTask"] | components["schemas"]["CreateList"] | components["schemas"]["UpdateList"] | components["schemas"]["DeleteList"] | components["schemas"]["CreateComment"] | components["schemas"]["UpdateComment"] | components["schemas"]["DeleteComment"])[];
        };
        /**
         * MixedBatchResults
         * @description The results of a batch, in the order of its operations.
         */
        MixedBatchResults: {
            /** Results */
            results: (components["schemas"]["CreatedResult"] | components["schemas"]["UpdatedResult"] | components["schemas"]["DeletedResult"] | components["schemas"]["MismatchedResult"] | components["schemas"]["CreatedListResult"] | components["schemas"]["UpdatedListResult"] | components["schemas"]["DeletedListResult"] | components["schemas"]["MismatchedListResult"] | components["schemas"]["CreatedCommentResult"] | components["schemas"]["UpdatedCommentResult"] | components["schemas"]["DeletedCommentResult"] | components["schemas"]["MismatchedCommentResult"] | components["schemas"]["FailedResult"])[];
        };
        /**
         * Move
         * @description The body of `POST /api/moves`: tasks with all below them, or a list with all its tasks.
         */
        Move: {
            /**
             * From
             * @description The id of a space; null: the caller's own.
             */
            from: string | null;
            /** List */
            list?: string | null;
            /** Tasks */
            tasks?: components["schemas"]["NamedTask"][] | null;
            /**
             * To
             * @description The id of another space; null: the caller's own.
             */
            to: string | null;
            /**
             * To List
             * @description A list of the target.
             */
            to_list?: string | null;
            /**
             * To Parent
             * @description A task of the target.
             */
            to_parent?: string | null;
        };
        /**
         * Moved
         * @description The response to a move.
         */
        Moved: {
            /**
             * Moved
             * @description How many tasks were moved, with those below the named ones.
             */
            moved: number;
            /**
             * Tasks
             * @description The named tasks, in their order; absent for a list.
             */
            tasks?: components["schemas"]["MovedTask"][];
        };
        /**
         * MovedTask
         * @description A task where it is now.
         */
        MovedTask: {
            /** Etag */
            etag: string;
            task: components["schemas"]["Task"];
        };
        /**
         * NamedTask
         * @description A task to move, with all below it.
         */
        NamedTask: {
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
        };
        /**
         * NewComment
         * @description The body of `POST /api/comments`. Accepted and ignored: `id`, `user_id`, `author_id`, `created_at`, `updated_at`.
         */
        NewComment: {
            /**
             * Mentions
             * @description Only in a space: the members whom it concerns; the app notifies them.
             */
            mentions?: string[] | null;
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
             * Task Id
             * Format: uuid
             */
            task_id: string;
            /**
             * Text
             * @description 1-4000 characters (Unicode code points) after trimming white space.
             * @example The blue one is sold out.
             */
            text: string;
        };
        /**
         * NewInvitation
         * @description The body of `POST /api/spaces/{space_id}/invitations`. Accepted and ignored: `id`, `used`, `expires_at`, `created_by`, `created_at`, `invitation`.
         */
        NewInvitation: {
            /**
             * Expires In
             * @description Seconds. Without it: `604800`.
             */
            expires_in?: number;
            /**
             * @description Without it: `"editor"`.
             * @enum {string}
             */
            role?: "editor" | "viewer";
            /**
             * Uses
             * @description How many people can join with it. Without it: `1`.
             */
            uses?: number;
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
         * NewReminders
         * @description The body of `PUT /api/spaces/{space_id}/tasks/{task_id}/reminders`.
         */
        NewReminders: {
            /**
             * Reminders
             * @description When the user is to be reminded. Each has either `offset_minutes` or `at`. They replace all that there were; null or `[]` removes them.
             * @example [
             *       {
             *         "offset_minutes": -30
             *       }
             *     ]
             */
            reminders: (components["schemas"]["OffsetReminder"] | components["schemas"]["ReminderAt"])[] | null;
        };
        /**
         * NewSpace
         * @description The body of `POST /api/spaces`; `name` is the caller's as a member. Accepted and ignored: `id`, `created_at`, `updated_at`.
         */
        NewSpace: {
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
             * Name
             * @description What the member is called in this space: 1-100 characters after trimming, or null.
             * @example Ann
             */
            name?: string | null;
            /**
             * Time Zone
             * @description The IANA name of the space's time zone, for dates that have none.
             */
            time_zone?: string | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title: string;
        };
        /**
         * NewTask
         * @description The body of `POST /api/tasks`. Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`, `series_id`, `next_id`, `created_by`, `updated_by`.
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
             * Assigned To
             * @description Only in a space: the member who is asked to do it; `me` is the caller.
             */
            assigned_to?: string | "me" | null;
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
         * OwnMembership
         * @description A space, and the user as its member.
         */
        OwnMembership: {
            member: components["schemas"]["Member"];
            /**
             * Space Id
             * Format: uuid
             */
            space_id: string;
        };
        /**
         * OwnReminders
         * @description The reminders that the caller has for a task.
         */
        OwnReminders: {
            /** Reminders */
            reminders: (components["schemas"]["OffsetReminder"] | components["schemas"]["ReminderAt"])[];
        };
        /**
         * OwnRemindersList
         * @description A page of the tasks for which the caller has reminders.
         */
        OwnRemindersList: {
            /**
             * Next Cursor
             * @description For the next page; null when nothing follows.
             */
            next_cursor: string | null;
            /** Tasks */
            tasks: components["schemas"]["RemindersOfTask"][];
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
         * Redeemed
         * @description The space that the caller has joined, and the caller as its member.
         */
        Redeemed: {
            member: components["schemas"]["Member"];
            space: components["schemas"]["Space"];
        };
        /**
         * Redemption
         * @description The body of `POST /api/invitations/redeem`.
         */
        Redemption: {
            /** Invitation */
            invitation: string;
            /**
             * Name
             * @description What the member is called in this space: 1-100 characters after trimming, or null.
             * @example Ann
             */
            name?: string | null;
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
         * RemindersOfTask
         * @description The reminders that the caller has for one of several tasks.
         */
        RemindersOfTask: {
            /** Reminders */
            reminders: (components["schemas"]["OffsetReminder"] | components["schemas"]["ReminderAt"])[];
            /**
             * Task Id
             * Format: uuid
             */
            task_id: string;
        };
        /**
         * Restoration
         * @description The body of `POST /api/trash/{task_id}/restore`: an empty object.
         */
        Restoration: Record<string, never>;
        /**
         * Space
         * @description An owner of tasks and lists that several people share.
         */
        Space: {
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
            /** Time Zone */
            time_zone?: string;
            /** Title */
            title: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * SpaceChangeList
         * @description Changes, in the order in which they are to be applied.
         */
        SpaceChangeList: {
            /** Changes */
            changes: (components["schemas"]["TaskUpsert"] | components["schemas"]["ListUpsert"] | components["schemas"]["CommentUpsert"] | components["schemas"]["MemberUpsert"] | components["schemas"]["SpaceUpsert"] | components["schemas"]["CommentDeletion"] | components["schemas"]["ListDeletion"] | components["schemas"]["TaskDeletion"])[];
            /**
             * Cursor
             * @description For the next request, whether more follows or not.
             */
            cursor: string;
            /** Has More */
            has_more: boolean;
        };
        /**
         * SpaceChanges
         * @description The body of `PUT /api/spaces/{space_id}`: only the given fields change; at least one is required. Accepted and ignored: `id`, `created_at`, `updated_at`.
         */
        SpaceChanges: {
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
             * Time Zone
             * @description The IANA name of the space's time zone, for dates that have none.
             */
            time_zone?: string | null;
            /**
             * Title
             * @description 1-200 characters (Unicode code points) after trimming white space.
             * @example Buy milk
             */
            title?: string;
        };
        /**
         * SpaceDeleted
         * @description The response to a deletion.
         */
        SpaceDeleted: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message
             * @constant
             */
            message: "Space deleted successfully";
        };
        /**
         * SpaceExport
         * @description Everything in a space, with its former members.
         */
        SpaceExport: {
            /** Comments */
            comments?: components["schemas"]["Comment"][];
            /** Lists */
            lists?: components["schemas"]["List"][];
            /** Members */
            members: components["schemas"]["Member"][];
            space: components["schemas"]["Space"];
            /** Tasks */
            tasks: components["schemas"]["Task"][];
        };
        /**
         * SpaceList
         * @description The spaces of the caller, by the time of joining.
         */
        SpaceList: {
            /** Spaces */
            spaces: components["schemas"]["SpaceOfMember"][];
        };
        /**
         * SpaceOfMember
         * @description A space, the caller as its member, and a state that changes with every change in it.
         */
        SpaceOfMember: {
            member: components["schemas"]["Member"];
            space: components["schemas"]["Space"];
            /** State */
            state: string;
        };
        /**
         * SpaceUpsert
         * @description A space that was created or changed, in its current state; only with `kinds`.
         */
        SpaceUpsert: {
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
            space: components["schemas"]["Space"];
        };
        /**
         * Task
         * @description A task in a response. The first seven keys are always present, each other one where it has a value.
         */
        Task: {
            /**
             * Assigned To
             * Format: uuid
             * @description Only in a space: the member who is asked to do it.
             */
            assigned_to?: string;
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
            /**
             * Created By
             * @description Only in a space: the member who made it; null if that person is no member.
             */
            created_by?: string | null;
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
             * Updated By
             * Format: uuid
             * @description Only in a space: the member who changed it last.
             */
            updated_by?: string;
            /**
             * User Id
             * Format: uuid
             * @description The owner, from the verified token.
             */
            user_id: string;
        };
        /**
         * TaskChanges
         * @description The body of `PUT /api/tasks/{task_id}`: only the given fields change; at least one is required. Accepted and ignored: `id`, `user_id`, `created_at`, `updated_at`, `series_id`, `next_id`, `created_by`, `updated_by`.
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
             * Assigned To
             * @description Only in a space: the member who is asked to do it; `me` is the caller.
             */
            assigned_to?: string | "me" | null;
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
             * Deleted By
             * Format: uuid
             * @description In a space, the member who deleted it.
             */
            deleted_by?: string;
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
         * UpdateComment
         * @description Changes the given fields of a comment, as `PUT /api/comments/{comment_id}` does.
         */
        UpdateComment: {
            comment: components["schemas"]["CommentChanges"];
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
            kind: "comment";
            /**
             * Op
             * @constant
             */
            op: "update";
        };
        /**
         * UpdatedCommentResult
         * @description The result of an operation that updated a comment.
         */
        UpdatedCommentResult: {
            comment: components["schemas"]["Comment"];
            /** Etag */
            etag: string;
            /**
             * Status
             * @constant
             */
            status: 200;
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
                /** @description What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for the kinds that it was given for. */
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
    listComments: {
        parameters: {
            query?: {
                /** @description Only comments of this member of the space; `me` is the caller. */
                author?: string | "me";
                /** @description `next_cursor` of the previous page. */
                cursor?: string;
                /** @description The number to return at most. */
                limit?: number;
                /** @description The oldest first, or with `-` the newest. */
                sort?: "created_at" | "-created_at";
                /** @description Only comments on this task. */
                task_id?: string;
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
    createComment: {
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
    getComment: {
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
                comment_id: string;
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
    updateComment: {
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
                comment_id: string;
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
    deleteComment: {
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
                comment_id: string;
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
    patchComment: {
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
                comment_id: string;
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
    countComments: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the previous page. */
                cursor?: string;
                /** @description The number to return at most. */
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
    streamChanges: {
        parameters: {
            query?: {
                /** @description What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for the kinds that it was given for. */
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
    redeemInvitation: {
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
    getAgenda: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the previous page, with the same `sort` and filters. */
                cursor?: string;
                due_before?: string;
                due_from?: string;
                /** @description How many tasks to return at most. */
                limit?: number;
                /** @description The order; `-` is descending. By due: only tasks that have a due date. */
                sort?: "due" | "-created_at";
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
    createMove: {
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
    listSpaces: {
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
    createSpace: {
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
    getSpace: {
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
                space_id: string;
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
    updateSpace: {
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
                space_id: string;
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
    deleteSpace: {
        parameters: {
            query?: {
                /** @description Deletes the tasks of the space too. Required if there are any. */
                tasks?: "delete";
            };
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    patchSpace: {
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
                space_id: string;
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
    listSpaceActivity: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the previous page, with the same `task_id`. */
                cursor?: string;
                /** @description How many entries to return at most. */
                limit?: number;
                /** @description Only what was done to this task and to its comments. */
                task_id?: string;
            };
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    batchSpace: {
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
                space_id: string;
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
    listSpaceChanges: {
        parameters: {
            query?: {
                /** @description What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for the kinds that it was given for. */
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
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    listSpaceComments: {
        parameters: {
            query?: {
                /** @description Only comments of this member of the space; `me` is the caller. */
                author?: string | "me";
                /** @description `next_cursor` of the previous page. */
                cursor?: string;
                /** @description The number to return at most. */
                limit?: number;
                /** @description The oldest first, or with `-` the newest. */
                sort?: "created_at" | "-created_at";
                /** @description Only comments on this task. */
                task_id?: string;
            };
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    createSpaceComment: {
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
                space_id: string;
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
    getSpaceComment: {
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
                comment_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    updateSpaceComment: {
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
                comment_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    deleteSpaceComment: {
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
                comment_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    patchSpaceComment: {
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
                comment_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    countSpaceComments: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the previous page. */
                cursor?: string;
                /** @description The number to return at most. */
                limit?: number;
            };
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    streamSpaceChanges: {
        parameters: {
            query?: {
                /** @description What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid for the kinds that it was given for. */
                kinds?: string;
            };
            header?: {
                /** @description The `id` of the last event that the client received; without it, from the beginning. */
                "Last-Event-ID"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    exportSpace: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    listInvitations: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    createInvitation: {
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
                space_id: string;
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
    revokeInvitation: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                invitation_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    listSpaceLabels: {
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
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    removeSpaceLabel: {
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
                space_id: string;
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
    renameSpaceLabel: {
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
                space_id: string;
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
    listSpaceLists: {
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
                space_id: string;
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
    createSpaceList: {
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
                space_id: string;
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
    getSpaceList: {
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
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    updateSpaceList: {
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
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    deleteSpaceList: {
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
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    patchSpaceList: {
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
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    listMembers: {
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
                space_id: string;
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
    getMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description Answer 304 if the ETag is one of these, or for `*`. */
                "If-None-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, or `me` for the caller. */
                member_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    updateMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, or `me` for the caller. */
                member_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    removeMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, or `me` for the caller. */
                member_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    patchMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description Act only if the task's ETag is one of these, or `*`. Else 412. Weak tags match nothing. */
                "If-Match"?: string;
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, or `me` for the caller. */
                member_id: string;
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    listSpaceReminders: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the previous page. */
                cursor?: string;
                /** @description How many tasks to return at most. */
                limit?: number;
            };
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    listSpaceTasks: {
        parameters: {
            query?: {
                /** @description Only tasks in archived lists, or only the others. */
                archived?: boolean;
                assigned_to?: string;
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
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    createSpaceTask: {
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
                space_id: string;
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
    getSpaceTask: {
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
                space_id: string;
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
    updateSpaceTask: {
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
                space_id: string;
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
    deleteSpaceTask: {
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
                space_id: string;
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
    patchSpaceTask: {
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
                space_id: string;
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
    listSpaceOccurrences: {
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
                space_id: string;
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
    getSpaceTaskReminders: {
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
                space_id: string;
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
    updateSpaceTaskReminders: {
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
                space_id: string;
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
    batchSpaceTasks: {
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
                space_id: string;
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
    summarizeSpaceTasks: {
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
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    listSpaceTrash: {
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
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    emptySpaceTrash: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    purgeSpaceTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description An id of the client's for the request: 1 to 64 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. Any other value is ignored. */
                "X-Request-ID"?: string;
            };
            path: {
                /** @description A UUID, in any letter case. */
                space_id: string;
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
    restoreSpaceTask: {
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
                space_id: string;
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
    streamSpaces: {
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
    listTasks: {
        parameters: {
            query?: {
                /** @description Only tasks in archived lists, or only the others. */
                archived?: boolean;
                assigned_to?: string;
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
