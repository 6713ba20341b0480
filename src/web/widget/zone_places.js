/*
 * What people type for a time zone, besides its own name: countries (by their code, named by the browser in the
 * visitor's language), large cities and states that no zone is named after, cities as those who live there call them,
 * abbreviations.
 */

/* The zones of each country, the most peopled first (tzdata's zone1970.tab). */
export const countries =
  'AE:Asia/Dubai;AF:Asia/Kabul;AR:America/Argentina/Buenos_Aires;AT:Europe/Vienna;AU:Australia/Sydney,Australia/Melbourne,Australia/Brisbane,Australia/Adelaide,Australia/Perth,Australia/Darwin,Australia/Hobart;' +
  'BD:Asia/Dhaka;BE:Europe/Brussels;BG:Europe/Sofia;BO:America/La_Paz;BR:America/Sao_Paulo,America/Fortaleza,America/Manaus,America/Cuiaba,America/Rio_Branco;BY:Europe/Minsk;' +
  'CA:America/Toronto,America/Vancouver,America/Edmonton,America/Winnipeg,America/Halifax,America/Regina,America/St_Johns;CH:Europe/Zurich;CL:America/Santiago,America/Punta_Arenas;CN:Asia/Shanghai,Asia/Urumqi;CO:America/Bogota;CR:America/Costa_Rica;CU:America/Havana;CY:Asia/Nicosia;CZ:Europe/Prague;' +
  'DE:Europe/Berlin;DK:Europe/Copenhagen;DO:America/Santo_Domingo;DZ:Africa/Algiers;EC:America/Guayaquil;EE:Europe/Tallinn;EG:Africa/Cairo;ES:Europe/Madrid,Atlantic/Canary;ET:Africa/Addis_Ababa;FI:Europe/Helsinki;FR:Europe/Paris;' +
  'GB:Europe/London;GE:Asia/Tbilisi;GH:Africa/Accra;GR:Europe/Athens;GT:America/Guatemala;HK:Asia/Hong_Kong;HN:America/Tegucigalpa;HR:Europe/Zagreb;HU:Europe/Budapest;ID:Asia/Jakarta,Asia/Makassar,Asia/Jayapura;IE:Europe/Dublin;IL:Asia/Jerusalem;IN:Asia/Kolkata;IQ:Asia/Baghdad;IR:Asia/Tehran;IS:Atlantic/Reykjavik;IT:Europe/Rome;' +
  'JM:America/Jamaica;JO:Asia/Amman;JP:Asia/Tokyo;KE:Africa/Nairobi;KH:Asia/Phnom_Penh;KR:Asia/Seoul;KW:Asia/Kuwait;KZ:Asia/Almaty;LB:Asia/Beirut;LK:Asia/Colombo;LT:Europe/Vilnius;LU:Europe/Luxembourg;LV:Europe/Riga;LY:Africa/Tripoli;MA:Africa/Casablanca;MD:Europe/Chisinau;MM:Asia/Yangon;MN:Asia/Ulaanbaatar;MT:Europe/Malta;MX:America/Mexico_City,America/Monterrey,America/Tijuana,America/Cancun;MY:Asia/Kuala_Lumpur;' +
  'NG:Africa/Lagos;NL:Europe/Amsterdam;NO:Europe/Oslo;NP:Asia/Kathmandu;NZ:Pacific/Auckland;OM:Asia/Muscat;PA:America/Panama;PE:America/Lima;PH:Asia/Manila;PK:Asia/Karachi;PL:Europe/Warsaw;PR:America/Puerto_Rico;PT:Europe/Lisbon,Atlantic/Azores;PY:America/Asuncion;QA:Asia/Qatar;RO:Europe/Bucharest;RS:Europe/Belgrade;' +
  'RU:Europe/Moscow,Asia/Yekaterinburg,Asia/Novosibirsk,Asia/Vladivostok,Europe/Kaliningrad;SA:Asia/Riyadh;SE:Europe/Stockholm;SG:Asia/Singapore;SI:Europe/Ljubljana;SK:Europe/Bratislava;SN:Africa/Dakar;SV:America/El_Salvador;SY:Asia/Damascus;TH:Asia/Bangkok;TN:Africa/Tunis;TR:Europe/Istanbul;TW:Asia/Taipei;TZ:Africa/Dar_es_Salaam;' +
  'UA:Europe/Kyiv;UG:Africa/Kampala;US:America/New_York,America/Chicago,America/Denver,America/Los_Angeles,America/Phoenix,America/Anchorage,Pacific/Honolulu;UY:America/Montevideo;UZ:Asia/Tashkent;VE:America/Caracas;VN:Asia/Ho_Chi_Minh;ZA:Africa/Johannesburg;ZW:Africa/Harare';

/* Names that no zone has. */
export const places = {
  'Africa/Algiers': 'alger, الجزائر, oran',
  'Africa/Cairo': 'al qahira, القاهرة, alexandria, le caire, kair, kairo',
  'Africa/Casablanca': 'rabat, marrakech, marrakesh, fes, الدار البيضاء',
  'Africa/Johannesburg': 'cape town, durban, pretoria',
  'Africa/Lagos': 'abuja, kano, west africa time, wat',
  'Africa/Nairobi': 'mombasa, east africa time, eat',
  'Africa/Tunis': 'تونس, sfax',
  'America/Anchorage': 'alaska, akst, akdt',
  'America/Argentina/Buenos_Aires': 'rosario, cordoba, art',
  'America/Bogota': 'medellin, cali',
  'America/Chicago':
    'texas, houston, dallas, austin, san antonio, illinois, minnesota, minneapolis, wisconsin, milwaukee, missouri, st louis, kansas city, iowa, louisiana, new orleans, alabama, tennessee, nashville, oklahoma, arkansas, mississippi, nebraska, central time, cst, cdt, ct',
  'America/Denver':
    'colorado, utah, salt lake city, new mexico, albuquerque, montana, wyoming, idaho, boise, mountain time, mst, mdt, mt',
  'America/Edmonton': 'alberta, calgary, mountain time, mst, mdt',
  'America/Halifax': 'nova scotia, new brunswick, atlantic time, ast, adt',
  'America/Havana': 'la habana',
  'America/Los_Angeles':
    'la, california, san francisco, san diego, san jose, sacramento, washington state, seattle, oregon, portland, nevada, las vegas, pacific time, pst, pdt, pt',
  'America/Mexico_City': 'guadalajara, puebla, ciudad de mexico, cdmx, mexico df',
  'America/New_York':
    'nyc, ny, boston, massachusetts, washington dc, philadelphia, pennsylvania, new jersey, florida, miami, orlando, tampa, georgia, atlanta, north carolina, charlotte, south carolina, virginia, maryland, baltimore, ohio, columbus, cleveland, michigan, detroit, connecticut, indiana, maine, vermont, eastern time, est, edt, et, nowy jork',
  'America/Phoenix': 'arizona, tucson, mst',
  'America/Regina': 'saskatchewan, saskatoon',
  'America/Sao_Paulo': 'rio de janeiro, brasilia, belo horizonte, brt, porto alegre, curitiba',
  'America/St_Johns': 'newfoundland, nst, ndt',
  'America/Toronto': 'ontario, ottawa, quebec, montreal, eastern time, est, edt',
  'America/Vancouver': 'british columbia, victoria, pacific time, pst, pdt',
  'America/Winnipeg': 'manitoba, central time, cst, cdt',
  'Asia/Almaty': 'astana, nur sultan, алматы',
  'Asia/Baghdad': 'بغداد, basra',
  'Asia/Bangkok': 'krung thep, กรุงเทพ, chiang mai, phuket',
  'Asia/Beirut': 'beyrouth, بيروت',
  'Asia/Damascus': 'dimashq, دمشق, damas, aleppo',
  'Asia/Dhaka': 'dacca, chittagong, ঢাকা',
  'Asia/Dubai': 'abu dhabi, sharjah, gst, دبي',
  'Asia/Ho_Chi_Minh': 'saigon, hanoi, da nang, ict, sai gon, ha noi',
  'Asia/Hong_Kong': 'hkt, 香港, kowloon',
  'Asia/Jakarta': 'bandung, java, wib, surabaya, medan, djakarta',
  'Asia/Jerusalem': 'tel aviv, haifa, yerushalayim, ירושלים, תל אביב',
  'Asia/Karachi': 'lahore, islamabad, pkt',
  'Asia/Kolkata':
    'mumbai, bombay, delhi, new delhi, bangalore, bengaluru, chennai, madras, hyderabad, pune, calcutta, ahmedabad, india standard time, ist, surat, jaipur, दिल्ली, मुंबई',
  'Asia/Manila': 'maynila, quezon city, cebu, davao',
  'Asia/Nicosia': 'lefkosia, λευκωσια, limassol',
  'Asia/Riyadh': 'jeddah, mecca, ar riyad, الرياض, جدة',
  'Asia/Seoul': 'busan, kst, 서울, 부산, incheon, seul',
  'Asia/Shanghai':
    'beijing, shenzhen, guangzhou, chengdu, china standard time, 上海, 北京, 深圳, 广州, pekin, peking',
  'Asia/Singapore': 'singapura, 新加坡, singapour, singapur',
  'Asia/Taipei': '台北, kaohsiung, tajpej',
  'Asia/Tehran': 'تهران, mashhad, isfahan',
  'Asia/Tokyo': 'osaka, kyoto, yokohama, jst, 東京, 大阪, 京都, nagoya, sapporo, tokio',
  'Atlantic/Azores': 'ponta delgada',
  'Atlantic/Canary': 'las palmas, tenerife',
  'Australia/Brisbane': 'queensland, gold coast, aest',
  'Australia/Melbourne': 'victoria, aest, aedt',
  'Australia/Perth': 'western australia, awst',
  'Australia/Sydney': 'new south wales, canberra, aest, aedt',
  'Europe/Amsterdam': 'rotterdam, the hague, den haag, utrecht, eindhoven',
  'Europe/Athens': 'athina, αθηνα, thessaloniki, athenes, ateny',
  'Europe/Belgrade': 'beograd, београд, novi sad, sarajevo, skopje, podgorica',
  'Europe/Berlin':
    'munich, hamburg, cologne, frankfurt, stuttgart, dusseldorf, leipzig, cet, cest, munchen, koln, nurnberg, monachium, hanover, bremen, dresden',
  'Europe/Bratislava': 'kosice, bratyslawa',
  'Europe/Brussels': 'antwerp, ghent, cet, cest, bruxelles, brussel, antwerpen, gent, liege, bruksela',
  'Europe/Bucharest': 'bucuresti, cluj, iasi, timisoara, bucarest, bukareszt',
  'Europe/Budapest': 'debrecen, szeged',
  'Europe/Chisinau': 'kishinev, kiszyniow',
  'Europe/Copenhagen': 'kobenhavn, copenhague, aarhus, odense, kopenhaga, kopenhagen',
  'Europe/Dublin': 'cork, galway, baile atha cliath',
  'Europe/Helsinki': 'helsingfors, tampere, turku',
  'Europe/Istanbul': 'ankara, izmir, trt, stambul, bursa, antalya',
  'Europe/Kyiv': 'kiev, lviv, odesa, eet, eest, kyjiv, київ, львів, kijow, lwow, kharkiv',
  'Europe/Lisbon': 'lisboa, porto, lisbonne, lizbona',
  'Europe/London':
    'england, scotland, wales, northern ireland, manchester, birmingham, edinburgh, glasgow, uk, britain, gmt, greenwich mean time, bst, londres, londyn, londra, bristol, leeds, liverpool, cardiff, belfast',
  'Europe/Luxembourg': 'letzebuerg, luksemburg',
  'Europe/Madrid': 'barcelona, valencia, seville, cet, cest, sevilla, malaga, bilbao, zaragoza',
  'Europe/Minsk': 'мінск, минск',
  'Europe/Moscow':
    'st petersburg, msk, moskva, moscou, moskwa, moskau, москва, sankt peterburg, санкт петербург',
  'Europe/Oslo': 'bergen, trondheim',
  'Europe/Paris':
    'lyon, marseille, toulouse, nice, lille, bordeaux, cet, cest, nantes, strasbourg, montpellier, paryz, parigi',
  'Europe/Prague': 'praha, brno, ostrava',
  'Europe/Rome':
    'milan, naples, turin, florence, cet, cest, roma, milano, napoli, torino, firenze, venezia, venice, bologna, palermo, rzym',
  'Europe/Sofia': 'софия, plovdiv, varna',
  'Europe/Stockholm': 'goteborg, gothenburg, malmo, uppsala',
  'Europe/Vienna': 'wien, graz, linz, salzburg, innsbruck, vienne, wieden',
  'Europe/Vilnius': 'kaunas, wilno',
  'Europe/Warsaw':
    'krakow, gdansk, wroclaw, poznan, cet, cest, warszawa, varsovie, warschau, lodz, katowice, lublin, szczecin, cracow',
  'Europe/Zagreb': 'split, rijeka, zagrzeb',
  'Europe/Zurich':
    'geneva, basel, bern, cet, cest, geneve, genf, bale, berne, lausanne, luzern, zurych, genewa',
  'Pacific/Auckland': 'wellington, christchurch, nzst, nzdt',
  'Pacific/Honolulu': 'hawaii, hst',
  UTC: 'gmt, greenwich mean time, zulu, coordinated universal time',
};
