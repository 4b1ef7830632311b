"""Data sets of the hubs: what each is, where it comes from, what may be done with it. Plain facts, nothing is loaded here.

Sizes and licences are those that the data set's own pages, ir_datasets or MTEB state; where they state none, it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

X_TO_ENGLISH = "queries in X, English documents"
_CLIRMATRIX = (
    "af als am an ar arz ast az azb ba bar be bg bn bpy br bs bug ca cdo ce ceb ckb cs cv cy da de diq el eml eo es et eu fa fi "
    "fo fr fy ga gd gl gu he hi hr hsb ht hu hy ia id ilo io is it ja jv ka kk kn ko ku ky la lb li lmo lt lv mai mg mhr min mk "
    "ml mn mr mrj ms my mzn nap nds ne new nl nn no oc or os pa pl pms pnb ps pt qu ro ru sa sah scn sco sd sh si sk sl sq sr su "
    "sv sw szl ta te tg th tl tr tt uk ur uz vec vi vo wa war wuu xmf yi yo zh"
)
_BELEBELE = (
    "acm_Arab afr_Latn als_Latn amh_Ethi apc_Arab arb_Arab arb_Latn ars_Arab ary_Arab arz_Arab asm_Beng azj_Latn bam_Latn "
    "ben_Beng ben_Latn bod_Tibt bul_Cyrl cat_Latn ceb_Latn ces_Latn ckb_Arab dan_Latn deu_Latn ell_Grek est_Latn eus_Latn "
    "fin_Latn fra_Latn fuv_Latn gaz_Latn grn_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hin_Latn hrv_Latn hun_Latn "
    "hye_Armn ibo_Latn ilo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan kac_Latn kan_Knda kat_Geor kaz_Cyrl kea_Latn "
    "khk_Cyrl khm_Khmr kin_Latn kir_Cyrl kor_Hang lao_Laoo lin_Latn lit_Latn lug_Latn luo_Latn lvs_Latn mal_Mlym mar_Deva "
    "mkd_Cyrl mlt_Latn mri_Latn mya_Mymr nld_Latn nob_Latn npi_Deva npi_Latn nso_Latn nya_Latn ory_Orya pan_Guru pbt_Arab "
    "pes_Arab plt_Latn pol_Latn por_Latn ron_Latn rus_Cyrl shn_Mymr sin_Latn sin_Sinh slk_Latn slv_Latn sna_Latn snd_Arab "
    "som_Latn sot_Latn spa_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn swh_Latn tam_Taml tel_Telu tgk_Cyrl tgl_Latn tha_Thai "
    "tir_Ethi tsn_Latn tso_Latn tur_Latn ukr_Cyrl urd_Arab urd_Latn uzn_Latn vie_Latn war_Latn wol_Latn xho_Latn yor_Latn "
    "zho_Hans zho_Hant zsm_Latn zul_Latn"
)
_OPUS_100 = (
    "af am an ar as az be bg bn br bs ca cs cy da de dz el eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id ig is it ja "
    "ka kk km kn ko ku ky li lt lv mg mk ml mn mr ms mt my nb ne nl nn no oc or pa pl ps pt ro ru rw se sh si sk sl sq sr sv ta "
    "te tg th tk tr tt ug uk ur uz vi wa xh yi yo zh zu"
)
_TATOEBA = (
    "sqi fry kur tur deu nld ron ang ido jav isl slv cym kaz est heb gla mar lat bel pms gle pes nob bul cbk hun uig rus spa hye "
    "tel afr mon arz hrv nov gsw nds ukr uzb lit ina lfn zsm ita cmn lvs glg ceb bre ben swg arq kab fra por tat oci pol war aze "
    "vie nno cha mhr dan ell amh pam hsb srp epo kzj awa fao mal ile bos cor cat eus yue swe dtp kat jpn csb xho orv ind tuk max "
    "swh hin dsb ber tam slk tgl ast mkd khm ces tzl urd ara kor yid fin tha wuu"
)
_WEBFAQ = (
    "ara aze ben bul cat ces dan deu ell est fas fin fra heb hin hrv hun ind isl ita jpn kaz kor lav lit mar msa nld nor pol por "
    "ron rus slk slv spa srp swe tgl tha tur ukr urd vie zho"
)
_NTREX = (
    "afr_Latn amh_Ethi arb_Arab aze_Latn bak_Cyrl bel_Cyrl bem_Latn ben_Beng bod_Tibt bos_Latn bul_Cyrl cat_Latn ces_Latn "
    "ckb_Arab cym_Latn dan_Latn deu_Latn div_Thaa dzo_Tibt ell_Grek eus_Latn ewe_Latn fao_Latn fas_Arab fij_Latn fil_Latn "
    "fin_Latn fra_Latn fuc_Latn gle_Latn glg_Latn guj_Gujr hau_Latn heb_Hebr hin_Deva hmn_Latn hrv_Latn hun_Latn hye_Armn "
    "ibo_Latn ind_Latn isl_Latn ita_Latn jpn_Jpan kan_Knda kat_Geor kaz_Cyrl khm_Khmr kin_Latn kir_Cyrl kmr_Latn kor_Hang "
    "lao_Laoo lav_Latn lit_Latn ltz_Latn mal_Mlym mar_Deva mey_Arab mkd_Cyrl mlg_Latn mlt_Latn mon_Mong mri_Latn msa_Latn "
    "mya_Mymr nde_Latn nep_Deva nld_Latn nno_Latn nob_Latn nso_Latn nya_Latn orm_Ethi pan_Guru pol_Latn por_Latn prs_Arab "
    "pus_Arab ron_Latn rus_Cyrl shi_Arab sin_Sinh slk_Latn slv_Latn smo_Latn sna_Latn snd_Arab som_Latn spa_Latn sqi_Latn "
    "srp_Cyrl srp_Latn ssw_Latn swa_Latn swe_Latn tah_Latn tam_Taml tat_Cyrl tel_Telu tgk_Cyrl tha_Thai tir_Ethi ton_Latn "
    "tsn_Latn tuk_Latn tur_Latn uig_Arab ukr_Cyrl urd_Arab uzb_Latn ven_Latn vie_Latn wol_Latn xho_Latn yor_Latn yue_Hant "
    "zho_Hans zho_Hant zul_Latn"
)
_FLORES = (
    "ace_Arab bam_Latn dzo_Tibt hin_Deva khm_Khmr mag_Deva pap_Latn sot_Latn tur_Latn ace_Latn ban_Latn ell_Grek hne_Deva "
    "kik_Latn mai_Deva pbt_Arab spa_Latn twi_Latn acm_Arab bel_Cyrl hrv_Latn kin_Latn mal_Mlym pes_Arab srd_Latn tzm_Tfng "
    "acq_Arab bem_Latn epo_Latn hun_Latn kir_Cyrl mar_Deva plt_Latn srp_Cyrl uig_Arab aeb_Arab ben_Beng est_Latn hye_Armn "
    "kmb_Latn min_Arab pol_Latn ssw_Latn ukr_Cyrl afr_Latn bho_Deva eus_Latn ibo_Latn kmr_Latn min_Latn por_Latn sun_Latn "
    "umb_Latn ajp_Arab bjn_Arab ewe_Latn ilo_Latn knc_Arab mkd_Cyrl prs_Arab swe_Latn urd_Arab aka_Latn bjn_Latn fao_Latn "
    "ind_Latn knc_Latn mlt_Latn quy_Latn swh_Latn uzn_Latn als_Latn bod_Tibt fij_Latn isl_Latn kon_Latn mni_Beng ron_Latn "
    "szl_Latn vec_Latn amh_Ethi bos_Latn fin_Latn ita_Latn kor_Hang mos_Latn run_Latn tam_Taml vie_Latn apc_Arab bug_Latn "
    "fon_Latn jav_Latn lao_Laoo mri_Latn rus_Cyrl taq_Latn war_Latn arb_Arab bul_Cyrl fra_Latn jpn_Jpan lij_Latn mya_Mymr "
    "sag_Latn taq_Tfng wol_Latn arb_Latn cat_Latn fur_Latn kab_Latn lim_Latn nld_Latn san_Deva tat_Cyrl xho_Latn ars_Arab "
    "ceb_Latn fuv_Latn kac_Latn lin_Latn nno_Latn sat_Olck tel_Telu ydd_Hebr ary_Arab ces_Latn gaz_Latn kam_Latn lit_Latn "
    "nob_Latn scn_Latn tgk_Cyrl yor_Latn arz_Arab cjk_Latn gla_Latn kan_Knda lmo_Latn npi_Deva shn_Mymr tgl_Latn yue_Hant "
    "asm_Beng ckb_Arab gle_Latn kas_Arab ltg_Latn nso_Latn sin_Sinh tha_Thai zho_Hans ast_Latn crh_Latn glg_Latn kas_Deva "
    "ltz_Latn nus_Latn slk_Latn tir_Ethi zho_Hant awa_Deva cym_Latn grn_Latn kat_Geor lua_Latn nya_Latn slv_Latn tpi_Latn "
    "zsm_Latn ayr_Latn dan_Latn guj_Gujr kaz_Cyrl lug_Latn oci_Latn smo_Latn tsn_Latn zul_Latn azb_Arab deu_Latn hat_Latn "
    "kbp_Latn luo_Latn ory_Orya sna_Latn tso_Latn azj_Latn dik_Latn hau_Latn kea_Latn lus_Latn pag_Latn snd_Arab tuk_Latn "
    "bak_Cyrl dyu_Latn heb_Hebr khk_Cyrl lvs_Latn pan_Guru som_Latn tum_Latn"
)
_TICO = "am ar bn ckb es-LA fa fr fuv ha hi id ku ln lg mr ms my ne om prs ps pt-BR ru rw so sw ti tl ur zh zu"
_MAFAND = "amh hau ibo kin lug nya pcm sna swa tsn twi xho yor zul"
_SEED = (
    "ary_Arab arz_Arab bam_Latn bho_Deva dik_Latn dzo_Tibt fuv_Latn grn_Latn hne_Deva knc_Latn mni_Beng mri_Latn pbt_Arab "
    "prs_Arab shn_Mymr srd_Latn"
)
_GATITOS = (
    "ab apc arz as awa ba bem bho bm bo br brx ckb cv din dv dz ee es fo fr gn gom hi ilo kl lg ln mai nso om qu sa ti ts"
)
_XORQA_IN = "as awa bgc bho bn bo brx gbm gom gu hi hne hoj kn mai ml mni mr mup mwr or pa ps sa sat ta te ur"
_XQUAD = "ar de el es hi ro ru th tr vi zh"


@dataclass(frozen=True)
class HubData:
    """One data set.

    Attributes:
        name: what a profile calls it, and the task made of it.
        kind: `bitext` or `task`.
        library: that reads it.
        id: where it lies: on the Hugging Face hub, or in ir_datasets (`{X}` stands for a code).
        codes: the data set's own codes of languages other than English.
        direction: of a task; only `X_TO_ENGLISH` can be evaluated.
        size, licence, citation: as stated by its makers or by who distributes it.
        note: what else one should know.
        aliases: own code -> name in the languages file, where that does not know it or takes it for another language.
            "" = a language that is left out.
        revision: of the hub's repository, as MTEB or the hub's own pages name it; None: none could be looked up, so the newest
            is taken, and its commit stands in the key, the profile of the run and the notes of the suite.
    """

    name: str
    kind: Literal["bitext", "task"]
    library: Literal["datasets", "ir_datasets"]
    id: str
    codes: str | tuple[str, ...]
    size: str
    licence: str
    citation: str
    direction: str = "pairs with English"
    note: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    revision: str | None = None

    @property
    def usable(self) -> bool:
        """Whether the bench can train or evaluate on it."""
        return self.kind == "bitext" or self.direction == X_TO_ENGLISH


_MACRO = {
    "aze_Latn": "azj_Latn", "fas_Arab": "pes_Arab", "lav_Latn": "lvs_Latn", "msa_Latn": "zsm_Latn", "nep_Deva": "npi_Deva",
    "pus_Arab": "pbt_Arab", "sqi_Latn": "als_Latn", "swa_Latn": "swh_Latn", "uzb_Latn": "uzn_Latn", "mlg_Latn": "plt_Latn",
    "mon_Mong": "khk_Cyrl", "orm_Ethi": "gaz_Latn",  # NTREX's texts are in Cyrillic and Latin letters, whatever MTEB's code says
}  # fmt: skip

# fmt: off
HUB_DATA: dict[str, HubData] = {one.name: one for one in (
    HubData("opus-100", "bitext", "datasets", "Helsinki-NLP/opus-100", _OPUS_100,
            "99 pairs with English; 55 M pairs in all, up to 1 M a language, below 10,000 for four",
            "not specified (as MTEB states)", "Zhang et al. 2020, acl-main.148, arXiv 2004.11867",
            note="`train` and `validation` are read, `test` is not", revision="805090dc28bf78897da9641cdf08b61287580df9"),
    HubData("tatoeba", "bitext", "datasets", "mteb/tatoeba-bitext-mining", _TATOEBA,
            "112 pairs with English, at most 1,000 sentences each", "CC BY 2.0 (as MTEB states)",
            "LASER, data/tatoeba/v1 (github.com/facebookresearch/LASER)",
            revision="69e8f12da6e31d59addadda9a9c8a2e601a0e282"),
    HubData("ntrex", "bitext", "datasets", "mteb/NTREXBitextMining", _NTREX,
            "1,997 sentences of news, English and 120 of NTREX's 128 languages",
            "CC BY-SA 4.0 (as MTEB states)", "Federmann et al. 2022, sumeval-1.4", aliases=_MACRO,
            revision="66b8b27efc99658903127730575e9fa0cb9f075c"),
    HubData("flores", "bitext", "datasets", "mteb/FloresBitextMining", _FLORES, "1,012 sentences (devtest) in 204 languages",
            "CC BY-SA 4.0 (as MTEB states)", "Goyal et al. 2022, NAACL-HLT, pp. 19-35",
            note="refused together with belebele, whose passages are made of it",
            revision="2144d16cc15edd22d4a9237d12bff5f31f5c07fc"),
    HubData("webfaq-bitexts", "bitext", "datasets", "PaDaS-Lab/webfaq-bitexts", _WEBFAQ,
            "49 languages; with English 268 (Urdu) to 37,348 pairs (German); questions", "CC BY 4.0 (as MTEB states)",
            "Dinzinger et al. 2025, arXiv 2502.20936", revision="a1bc0e8fd36c3d5015bd64c14ca098596774784a"),
    HubData("tico-19", "bitext", "datasets", "gmnlp/tico19", _TICO,
            "3,071 sentences on COVID-19: medicine, news, Wikipedia; English and 31 of TICO-19's languages", "CC0",
            "Anastasopoulos et al. 2020, arXiv 2007.01788", note="its `dev` and `test` are read as one",
            aliases={"es-LA": "spa_Latn", "pt-BR": "por_Latn", "ku": "kmr_Latn"},
            revision="55d70dc0b1d1d0b2151c5e22815d823fedac3f2f"),
    HubData("mafand", "bitext", "datasets", "masakhane/mafand", _MAFAND,
            "African news in 14 languages with English: up to some 30,000 pairs, five languages have dev pairs only",
            "CC BY-NC 4.0", "Adelani et al. 2022, naacl-main.223", note="`train` and `validation` are read, `test` is not"),
    HubData("seed", "bitext", "datasets", "openlanguagedata/oldi_seed", _SEED,
            "6,193 sentences of Wikipedia; English and the languages of languages.yaml that it has", "CC BY-SA 4.0",
            "NLLB Team 2022, arXiv 2207.04672; Open Language Data Initiative",
            note="read from release 2.0 of November 2024", revision="562611430fbfb4ca3accccf18176953fd87e3e72"),
    HubData("gatitos", "bitext", "datasets", "google/smol", _GATITOS,
            "about 4,000 English words and short phrases in the languages of languages.yaml that it has", "CC BY 4.0",
            "Jones et al. 2023, arXiv 2303.15265", note="a lexicon, not sentences: for `lexical`, or alone"),
    HubData("belebele", "task", "datasets", "facebook/belebele", _BELEBELE,
            "900 questions on 488 passages in 122 language variants", "CC BY-SA 4.0", "Bandarkar et al. 2023, arXiv 2308.16884",
            X_TO_ENGLISH, "few documents: nDCG@10 saturates early; passages are FLORES-200 passages",
            revision="75b399394a9803252cfec289d103de462763db7c"),
    HubData("xorqa-in", "task", "datasets", "google/IndicGenBench_xorqa_in", _XORQA_IN,
            "some 1,000 questions of XOR-TyDi, dev and test, in 28 languages of India and its neighbours",
            "MIT (as its page states)", "Singh et al. 2024, arXiv 2404.16816", X_TO_ENGLISH,
            "documents: the English passages of all questions; no English questions are read",
            revision="54f0994b352b637fdb574771682f6cb50e284e06"),
    HubData("afriqa", "task", "datasets", "masakhane/afriqa-gold-passages", "bem hau ibo kin swa twi yor zul",
            "8 languages whose answers lie in English Wikipedia, dev and test where there are any; some 5,000 gold passages",
            "CC BY-SA 4.0 (as its page states)", "Ogundepo et al. 2023, arXiv 2305.06897", X_TO_ENGLISH,
            "each language asks questions of its own; files of github.com/masakhane-io/afriqa, branch main (the "
            "hub's repository holds a script, which is not run)"),
    HubData("xquad", "task", "datasets", "google/xquad", _XQUAD, "1,190 questions on 240 paragraphs in 12 languages with English",
            "CC BY-SA 4.0", "Artetxe et al. 2020, arXiv 1910.11856", X_TO_ENGLISH, "few documents: it saturates",
            revision="51adfef1c1287aab1d2d91b5bead9bcfb9c68583"),
    HubData("xquad-r", "task", "datasets", "google-research-datasets/xquad_r", _XQUAD.replace("ro ", ""),
            "the questions of xquad without Romanian", "CC BY-SA 4.0", "Roy et al. 2020 (LAReQA), arXiv 2004.05484", X_TO_ENGLISH,
            "documents: the paragraphs that stand in the table; LAReQA's own candidates are their sentences"),
    HubData("clirmatrix", "task", "ir_datasets", "clirmatrix/en/bi139-base/{X}", _CLIRMATRIX,
            "139 languages, English and Simple English among them", "not stated", "Sun and Duh 2020, emnlp-main.340",
            X_TO_ENGLISH, "titles as queries; grades 1-6 are BM25 scores of the query's own language, binned: no person judged. "
            "`dev` and `test1`, the first 300 queries of each", {"als": ""}),
    HubData("clirmatrix-multi8", "task", "ir_datasets", "clirmatrix/en/multi8/{X}", "ar de es fr ja ru zh",
            "8 languages with English", "not stated", "Sun and Duh 2020, emnlp-main.340", X_TO_ENGLISH,
            "as clirmatrix, with the same documents"),
    HubData("mmarco", "task", "ir_datasets", "mmarco/v2/{X}/dev/small", "ar zh dt fr de hi id it ja pt ru es vi",
            "6,980 queries in 13 languages, 8,841,823 English passages",
            "not stated by ir_datasets; see github.com/unicamp-dl/mMARCO and the terms of MS MARCO",
            "Bonifacio et al. 2021, arXiv 2108.13897", X_TO_ENGLISH,
            "queries by machine translation; documents and English queries are those of msmarco", {"dt": "nl"}),
    HubData("msmarco", "task", "ir_datasets", "msmarco-passage/dev/small", "", "6,980 queries, 8,841,823 passages",
            "terms of MS MARCO (ir_datasets shows them)", "Bajaj et al. 2016", "English queries and documents",
            "the English side of mmarco"),
    HubData("miracl", "task", "ir_datasets", "miracl/{X}", "ar bn de es fa fi fr hi id ja ko ru sw te th yo zh",
            "18 languages with English; 106 M passages, 13,495 dev queries", "CC BY-SA 4.0 (as MTEB states)",
            "Zhang et al. 2022, arXiv 2210.09984", "queries and documents in X"),
    HubData("ciral", "task", "datasets", "CIRAL/ciral", "hausa somali swahili yoruba", "four languages", "Apache-2.0",
            "Adeyemi et al. 2024, 10.1145/3626772.3657884", "English queries, documents in X", "documents: CIRAL/ciral-corpus"),
    HubData("africlirmatrix", "task", "datasets", "castorini/africlirmatrix",
            "afrikaans amharic egyptian_arabic hausa igbo moroccan_arabic northern_sotho shona somali swahili tigrinya twi wolof "
            "yoruba zulu", "15 languages", "Apache-2.0", "Ogundepo et al., AfriCLIRMatrix", "English queries, documents in X",
            "queries and judgements: github.com/castorini/africlirmatrix; labels made as in clirmatrix",
            revision="f94e826e12c3589ff908d338492211a4ebabe7a9"),
    HubData("neuclir", "task", "ir_datasets", "neuclir/1/{X}", "fa ru zh",
            "2.2 M, 4.6 M and 3.2 M documents; 46, 45 and 49 topics of 2022", "ODC-BY (as MTEB states)",
            "TREC NeuCLIR track 2022", "English queries, documents in X", "topics also translated into X, by people, by machine"),
    HubData("wikiclir", "task", "ir_datasets", "wikiclir/{X}",
            "ar ca cs de es fi fr it ja ko nl nn no pl pt ro ru sv sw tl tr uk vi zh", "25 languages with Simple English",
            "not stated", "Sasaki et al. 2018, Cross-Lingual Learning-to-Rank with Shared Representations",
            "English queries, documents in X",
            "labels made from links between articles, not by people"),
)}
