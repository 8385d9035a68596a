import { cookies } from 'next/headers';
import { ACCESS, profile } from '../lib/latchkey';

export default async function Page({ searchParams }) {
  const user = await profile((await cookies()).get(ACCESS)?.value);
  if (user) {
    return (
      <main>
        <h1>Hello {user.username}</h1>
        <p>Your roles: {user.roles.join(', ')}</p>
        <form action="/logout" method="post"><button>Sign out</button></form>
      </main>
    );
  }
  const { error } = await searchParams;
  return (
    <main>
      <h1>Sign in</h1>
      {error && <p role="alert">The username or the password is wrong.</p>}
      <form action="/login" method="post">
        <p><label>Username or email address <input name="username" autoComplete="username" required /></label></p>
        <p><label>Password <input name="password" type="password" autoComplete="current-password" required /></label></p>
        <button>Sign in</button>
      </form>
    </main>
  );
}
