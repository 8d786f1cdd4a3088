//! The regions of the service.

use std::fmt;

macro_rules! regions {
    ($($(#[$($meta:tt)*])* $region:ident $name:tt $domain:tt;)*) => {
        /// A region of Genesys Cloud.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
        #[non_exhaustive]
        pub enum Region {
            $(
                #[doc = $domain]
                $(#[$($meta)*])*
                #[cfg_attr(feature = "uniffi", uniffi(name = $name))]
                $region,
            )*
        }

        impl Region {
            /// All regions, in the order of the documentation.
            ///
            /// # Examples
            /// ```
            /// use purecloud_oauth::Region;
            ///
            /// let region = Region::ALL.iter().find(|region| region.domain() == "mypurecloud.de");
            /// assert_eq!(region, Some(&Region::EuCentral1));
            /// ```
            pub const ALL: &'static [Region] = &[$(Region::$region),*];

            /// Returns the name, such as `eu_central_1`.
            ///
            /// # Examples
            /// ```
            /// use purecloud_oauth::Region;
            ///
            /// assert_eq!(Region::EuCentral1.name(), "eu_central_1");
            /// ```
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Region::$region => $name),* }
            }
        }

        #[cfg_attr(feature = "uniffi", exported(region_declaration))]
        impl Region {
            /// Returns the domain, such as `mypurecloud.de`.
            ///
            /// # Examples
            /// ```
            /// use purecloud_oauth::Region;
            ///
            /// assert_eq!(Region::EuCentral1.domain(), "mypurecloud.de");
            /// ```
            #[must_use]
            pub const fn domain(self) -> &'static str {
                match self { $(Region::$region => $domain),* }
            }
        }
    };
}

regions! {
    UsEast1 "us_east_1" "mypurecloud.com";
    EuWest1 "eu_west_1" "mypurecloud.ie";
    ApSoutheast2 "ap_southeast_2" "mypurecloud.com.au";
    ApNortheast1 "ap_northeast_1" "mypurecloud.jp";
    EuCentral1 "eu_central_1" "mypurecloud.de";
    UsWest2 "us_west_2" "usw2.pure.cloud";
    CaCentral1 "ca_central_1" "cac1.pure.cloud";
    ApNortheast2 "ap_northeast_2" "apne2.pure.cloud";
    EuWest2 "eu_west_2" "euw2.pure.cloud";
    ApSouth1 "ap_south_1" "aps1.pure.cloud";
    /// (FedRAMP)
    UsEast2 "us_east_2" "use2.us-gov-pure.cloud";
    SaEast1 "sa_east_1" "sae1.pure.cloud";
    MeCentral1 "me_central_1" "mec1.pure.cloud";
    ApNortheast3 "ap_northeast_3" "apne3.pure.cloud";
    EuCentral2 "eu_central_2" "euc2.pure.cloud";
    MxCentral1 "mx_central_1" "mxc1.pure.cloud";
    ApSoutheast1 "ap_southeast_1" "apse1.pure.cloud";
    /// (European sovereign cloud)
    EuscDeEast1 "eusc_de_east_1" "edee1.eusc-pure.cloud";
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
