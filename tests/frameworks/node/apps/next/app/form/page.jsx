import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';

async function remember(form) {
  'use server';
  (await cookies()).set('name', form.get('name'), { httpOnly: true });
  redirect('/form');
}

export default async function Form() {
  const name = (await cookies()).get('name')?.value ?? 'nobody';
  return (
    <form action={remember}>
      <p>{`Hello ${name}`}</p>
      <input name="name" />
    </form>
  );
}
