import Image from 'next/image';

export default function Page() {
  return (
    <main>
      <h1>Static</h1>
      <Image src="/picture.png" alt="a picture" width={64} height={64} />
    </main>
  );
}
