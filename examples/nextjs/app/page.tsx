import { headers } from "next/headers";
import { auth } from "@/lib/auth";
import { SignIn } from "./sign-in";
import { Tasks } from "./tasks";

export default async function Page() {
  const session = await auth.api.getSession({ headers: await headers() });
  return session === null ? <SignIn /> : <Tasks key={session.user.id} email={session.user.email} />;
}
