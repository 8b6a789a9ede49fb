"use client";

import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";
import { authClient } from "@/lib/auth-client";

export function SignIn() {
  const router = useRouter();
  const [problem, setProblem] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    const form = new FormData(event.currentTarget, submitter);
    const [email, password] = [String(form.get("email")), String(form.get("password"))];
    const isNew = form.get("account") === "new";
    const { error } = isNew
      ? await authClient.signUp.email({ email, password, name: email })
      : await authClient.signIn.email({ email, password });
    setProblem(error?.message ?? "");
    if (!error) router.refresh();
  }

  return (
    <>
      <h1>Tasks</h1>
      <form className="column" method="post" onSubmit={submit}>
        <label>
          E-mail
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <p role="alert">{problem}</p>
        <div className="row">
          <button>Sign in</button>
          <button name="account" value="new" className="quiet">
            Sign up
          </button>
        </div>
      </form>
    </>
  );
}
