using System.Collections.Frozen;

namespace Toolformer.Tools.Translating;

/// <summary>
/// The languages that can be identified and translated, with what the programs call them: `fr` (ISO 639-1, where a
/// language has no such code: 639-3) in this project, LibreTranslate and fastText's lid.176; `fra` in Apertium;
/// `fra_Latn` in NLLB; "French" to people.
/// </summary>
public sealed record LanguageCodes(string Code, string Iso3, string Nllb, string Name)
{
    public const string English = "en";

    /// <summary>All, in order of their codes.</summary>
    public static IReadOnlyList<LanguageCodes> All { get; } = [.. Table.Split('\n', StringSplitOptions.TrimEntries)
        .Select(row => row.Split(' ', 4)).Select(r => new LanguageCodes(r[0], r[1], r[2], r[3]))];

    /// <summary>The language of a code of any of the programs, or of a name; null: it is not known.</summary>
    public static LanguageCodes? Find(string codeOrName) => ByName.GetValueOrDefault(codeOrName);

    /// <summary>The language of a code or name.</summary>
    /// <exception cref="ArgumentException">It is not known; the message suggests the nearest.</exception>
    public static LanguageCodes Of(string codeOrName) => Find(codeOrName)
        ?? throw new ArgumentException(Spelling.Unknown("language", codeOrName, All.SelectMany(l =>
            (string[])[l.Code, l.Name])));

    /// <summary>Our code for a label: `fr` for `fr` and for `fra_Latn`; unknown ones as they are.</summary>
    public static string FromLabel(string label) => Find(label)?.Code ?? label;

    private static readonly FrozenDictionary<string, LanguageCodes> ByName = All
        .SelectMany(l => new[] { l.Code, l.Iso3, l.Nllb, l.Name }.Select(name => (Name: name, Language: l)))
        .DistinctBy(p => p.Name, StringComparer.OrdinalIgnoreCase)
        .ToFrozenDictionary(p => p.Name, p => p.Language, StringComparer.OrdinalIgnoreCase);

    private const string Table =
        """
        af afr afr_Latn Afrikaans
        am amh amh_Ethi Amharic
        ar ara arb_Arab Arabic
        arz arz arz_Arab Egyptian Arabic
        as asm asm_Beng Assamese
        ast ast ast_Latn Asturian
        az aze azj_Latn Azerbaijani
        azb azb azb_Arab South Azerbaijani
        ba bak bak_Cyrl Bashkir
        be bel bel_Cyrl Belarusian
        bg bul bul_Cyrl Bulgarian
        bh bho bho_Deva Bhojpuri
        bn ben ben_Beng Bengali
        bo bod bod_Tibt Tibetan
        bs bos bos_Latn Bosnian
        ca cat cat_Latn Catalan
        ceb ceb ceb_Latn Cebuano
        ckb ckb ckb_Arab Central Kurdish
        cs ces ces_Latn Czech
        cy cym cym_Latn Welsh
        da dan dan_Latn Danish
        de deu deu_Latn German
        el ell ell_Grek Greek
        en eng eng_Latn English
        eo epo epo_Latn Esperanto
        es spa spa_Latn Spanish
        et est est_Latn Estonian
        eu eus eus_Latn Basque
        fa fas pes_Arab Persian
        fi fin fin_Latn Finnish
        fo fao fao_Latn Faroese
        fr fra fra_Latn French
        fur fur fur_Latn Friulian
        ga gle gle_Latn Irish
        gd gla gla_Latn Scottish Gaelic
        gl glg glg_Latn Galician
        gn grn grn_Latn Guarani
        gu guj guj_Gujr Gujarati
        ha hau hau_Latn Hausa
        he heb heb_Hebr Hebrew
        hi hin hin_Deva Hindi
        hr hrv hrv_Latn Croatian
        ht hat hat_Latn Haitian Creole
        hu hun hun_Latn Hungarian
        hy hye hye_Armn Armenian
        id ind ind_Latn Indonesian
        ig ibo ibo_Latn Igbo
        ilo ilo ilo_Latn Ilocano
        is isl isl_Latn Icelandic
        it ita ita_Latn Italian
        ja jpn jpn_Jpan Japanese
        jv jav jav_Latn Javanese
        ka kat kat_Geor Georgian
        kk kaz kaz_Cyrl Kazakh
        km khm khm_Khmr Khmer
        kn kan kan_Knda Kannada
        ko kor kor_Hang Korean
        ku kur kmr_Latn Kurdish
        ky kir kir_Cyrl Kyrgyz
        lb ltz ltz_Latn Luxembourgish
        li lim lim_Latn Limburgish
        lmo lmo lmo_Latn Lombard
        ln lin lin_Latn Lingala
        lo lao lao_Laoo Lao
        lt lit lit_Latn Lithuanian
        lv lav lvs_Latn Latvian
        mai mai mai_Deva Maithili
        mg mlg plt_Latn Malagasy
        mi mri mri_Latn Maori
        min min min_Latn Minangkabau
        mk mkd mkd_Cyrl Macedonian
        ml mal mal_Mlym Malayalam
        mn mon khk_Cyrl Mongolian
        mr mar mar_Deva Marathi
        ms msa zsm_Latn Malay
        mt mlt mlt_Latn Maltese
        my mya mya_Mymr Burmese
        ne nep npi_Deva Nepali
        nl nld nld_Latn Dutch
        nn nno nno_Latn Norwegian Nynorsk
        no nob nob_Latn Norwegian
        oc oci oci_Latn Occitan
        or ori ory_Orya Odia
        pa pan pan_Guru Punjabi
        pl pol pol_Latn Polish
        ps pus pbt_Arab Pashto
        pt por por_Latn Portuguese
        qu que quy_Latn Quechua
        ro ron ron_Latn Romanian
        ru rus rus_Cyrl Russian
        rw kin kin_Latn Kinyarwanda
        sa san san_Deva Sanskrit
        sc srd srd_Latn Sardinian
        scn scn scn_Latn Sicilian
        sd snd snd_Arab Sindhi
        si sin sin_Sinh Sinhala
        sk slk slk_Latn Slovak
        sl slv slv_Latn Slovenian
        sn sna sna_Latn Shona
        so som som_Latn Somali
        sq sqi als_Latn Albanian
        sr srp srp_Cyrl Serbian
        su sun sun_Latn Sundanese
        sv swe swe_Latn Swedish
        sw swa swh_Latn Swahili
        ta tam tam_Taml Tamil
        te tel tel_Telu Telugu
        tg tgk tgk_Cyrl Tajik
        th tha tha_Thai Thai
        ti tir tir_Ethi Tigrinya
        tk tuk tuk_Latn Turkmen
        tl tgl tgl_Latn Tagalog
        tr tur tur_Latn Turkish
        tt tat tat_Cyrl Tatar
        ug uig uig_Arab Uyghur
        uk ukr ukr_Cyrl Ukrainian
        ur urd urd_Arab Urdu
        uz uzb uzn_Latn Uzbek
        vec vec vec_Latn Venetian
        vi vie vie_Latn Vietnamese
        war war war_Latn Waray
        wo wol wol_Latn Wolof
        xh xho xho_Latn Xhosa
        yi yid ydd_Hebr Yiddish
        yo yor yor_Latn Yoruba
        yue yue yue_Hant Cantonese
        zh zho zho_Hans Chinese
        zu zul zul_Latn Zulu
        """;
}
