namespace Toolformer.Corpora.Pretraining;

/// <content>First names and real-sounding surnames.</content>
internal static partial class PretrainingWords
{
    public static readonly string[] Women = List("""
        Agnes Aisha Alma Amara Anika Annika Astrid Beatrix Bertha Bridget Camila Carmen Celia Clara Clementine Constance
        Cora Cordelia Dagmar Daphne Deirdre Delia Dolores Doris Edith Effie Elena Elsa Esther Eunice Fatima Fern Flora
        Florence Freya Frida Gerda Gertrude Giulia Greta Gudrun Gwen Harriet Hazel Hedwig Heidi Helga Henrietta Hilda
        Imogen Inga Ingrid Irma Isolde Ivy Jacinta Jolene Josefina Juanita Judith June Karin Katya Keiko Leila Lena
        Leonora
        Lorna Lottie Lucinda Ludmila Luisa Mabel Magda Maeve Malika Marisol Martha Matilda Maud Mavis Mei Mercedes
        Meredith
        Millicent Minna Miriam Muriel Myra Nadia Nell Noor Norma Olga Opal Ottilie Paloma Petra Philippa Phoebe Pilar
        Priya Prudence Ramona Rhoda Rosalind Rosario Rowena Ruth Sabine Salma Saoirse Selma Shanti Sigrid Solveig Sunita
        Svetlana Sybil Tabitha Tamsin Thelma Theodora Thora Trudy Una Ursula Valentina Velma Vera Viola Wanda Wilma
        Winifred Yasmin Yolanda Yuki Zelda Zora
        """);

    public static readonly string[] Men = List("""
        Abdul Abner Adalbert Ahmed Alistair Alonzo Ambrose Amos Angus Anselm Archibald Arjun Arturo Asher Augustus Axel
        Barnaby Bartholomew Basil Benedict Bernard Bertrand Boris Bruno Caleb Casper Cecil Cedric Chester Clarence
        Clement
        Clifford Conrad Cornelius Cyril Declan Desmond Dieter Dmitri Duncan Edgar Edmund Eduardo Eino Elias Elmer Emil
        Enrique Ernest Esteban Ezra Felix Ferdinand Fergus Franz Fritz Gareth Gaston Gerhard Gilbert Giovanni Godfrey
        Gregor Gunnar Gustav Hamish Hans Hector Henrik Herbert Hiroshi Horace Hugo Humphrey Ibrahim Ignatius Igor
        Ishmael
        Ivan Jasper Javier Jerome Joachim Jorge Josef Julius Kaito Karl Kasimir Kenji Klaus Kofi Kurt Lars Leander
        Lambert
        Leopold Lionel Lorenzo Ludwig Magnus Malcolm Manfred Marcel Mateo Maurice Milton Mohan Mortimer Moses Nigel
        Nikolai
        Norbert Octavio Olaf Orson Osvaldo Otto Pablo Percival Piotr Quentin Rafael Rajesh Ramon Reginald Rolf Rufus
        Rupert
        Salvador Sanjay Sergei Seymour Sigmund Silas Solomon Stefan Sven Tadeusz Takeshi Tariq Thaddeus Theobald Tobias
        Torsten Ulrich Umberto Vernon Viktor Vincent Vladimir Waldo Wendell Wilfred Winston Wolfgang Yusuf Zachary
        """);

    public static readonly string[] Surnames = List("""
        Abernathy Acker Albright Aldous Anand Appleyard Ashdown Atwood Bagshaw Balfour Banerjee Barlow Beckwith
        Bellweather
        Bergstrom Birch Blackwood Bloom Boateng Bramble Brandt Brigham Broadbent Calloway Cardoso Carmody Castellan
        Chaudhry
        Cheswick Cobb Coldwell Corbin Crabtree Cranston Croft Dalgaard Danvers Delacroix Dimitrov Drummond Dunmore
        Eastman
        Eberhardt Ekholm Ellery Fairbank Fallow Farnsworth Fenwick Ferreira Fletcher Fontaine Forsberg Gallant Gardner
        Garrick Goldsmith Granger Grimsby Haddad Hainsworth Halloran Hargreave Hartmann Hawthorn Hemlock Hendry Holloway
        Huxley Iversen Jankowski Jessop Kapoor Keating Kendrick Kilbride Kirkland Kovacs Langford Larkin Lindqvist
        Lockhart
        Lombardi Lovelace Mackintosh Mallory Marchetti Marlow Mbeki Merriweather Middleton Moreau Munro Nakamura
        Nightingale
        Norwood Novak Oakley Okafor Oldfield Orozco Osgood Paddock Pemberton Pendleton Petrov Pickering Quigley
        Radcliffe
        Ramsbottom Redmond Rosenthal Rutherford Sandoval Satterfield Selwyn Shackleton Sheffield Silverman Sinclair
        Skelton
        Sorensen Stanhope Sterling Stonebridge Sutherland Tanaka Tennant Thackeray Thistlewood Thornbury Tillman
        Underhill
        Valdez Vandermeer Wadsworth Wainwright Wexford Whitlock Winslow Woodhouse Wyndham Yamamoto Yardley Zielinski
        """);
}
