/* The page of an address where there is nothing, in the visitor's language. */

const words = {
  fr: [
    'Il n’y a rien à cette adresse',
    'Vérifiez le lien. Vous cherchez peut-être la page de réservation.',
    'Réserver une séance',
  ],
  pl: ['Pod tym adresem nic nie ma', 'Sprawdź link. Może szukasz strony rezerwacji.', 'Zarezerwuj sesję'],
};
const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'en' || words[tag]);
if (words[language]) {
  document.documentElement.lang = language;
  const [title, hint, link] = words[language];
  document.title = document.querySelector('h1').textContent = title;
  document.querySelector('p').textContent = hint;
  document.querySelector('a').textContent = link;
}
