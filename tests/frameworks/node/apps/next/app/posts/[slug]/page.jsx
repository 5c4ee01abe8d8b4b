import { notFound } from 'next/navigation';
import { headers } from 'next/headers';

export async function generateMetadata({ params }) {
  return { title: (await params).slug };
}

export default async function Post({ params, searchParams }) {
  const { slug } = await params;
  if (slug === 'none') notFound();
  const visitor = (await headers()).get('x-visitor') ?? 'nobody';
  return (
    <article>
      <h1>{`Post ${slug}`}</h1>
      <p>{`for ${visitor}, ${(await searchParams).a ?? 'no query'}`}</p>
    </article>
  );
}
